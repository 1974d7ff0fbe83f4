#include "graph/list_packing.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/check.h"
#include "base/coding.h"

namespace vamana {

void GapList::assign(uint32_t node, std::span<const uint32_t> neighbours) {
  VAMANA_CHECK(neighbours.size() <= kMaxDegree);
  std::array<uint32_t, kMaxDegree + 1> sorted;
  count = static_cast<uint32_t>(neighbours.size());
  std::copy(neighbours.begin(), neighbours.end(), sorted.begin());
  sorted[count] = node;
  std::sort(sorted.begin(), sorted.begin() + count + 1);
  position = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (sorted[i] < node) position = i + 1;
    VAMANA_CHECK(sorted[i + 1] > sorted[i]);
    values[i] = sorted[i + 1] - sorted[i] - 1;
  }
}

namespace {

// Bits that `classes` widths need for all values, and the widths themselves, ascending.
uint64_t best_widths(const GapHistogram& histogram, uint32_t classes, std::array<uint8_t, kWidthClassesMax>* widths) {
  constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max() / 2;
  constexpr size_t kWidths = 33;
  // cost[c][w]: least bits for all values of width <= w with c classes, the widest being w.
  std::array<std::array<uint64_t, kWidths>, kWidthClassesMax + 1> cost;
  std::array<std::array<int, kWidths>, kWidthClassesMax + 1> from;
  for (auto& row : cost) row.fill(kNone);
  std::array<uint64_t, kWidths + 1> upto{};
  for (size_t w = 0; w < kWidths; ++w) upto[w + 1] = upto[w] + histogram[w];
  size_t widest = 0;
  for (size_t w = 0; w < kWidths; ++w) {
    if (histogram[w] != 0) widest = w;
    cost[1][w] = upto[w + 1] * w;
    from[1][w] = -1;
  }
  for (uint32_t c = 2; c <= classes; ++c) {
    for (size_t w = 1; w < kWidths; ++w) {
      for (size_t v = 0; v < w; ++v) {
        const uint64_t bits = cost[c - 1][v] + (upto[w + 1] - upto[v + 1]) * w;
        if (cost[c - 1][v] < kNone && bits < cost[c][w]) {
          cost[c][w] = bits;
          from[c][w] = static_cast<int>(v);
        }
      }
    }
  }
  // Fewer widths than classes: the best count of classes up to the limit.
  uint32_t used = 1;
  for (uint32_t c = 2; c <= classes; ++c) {
    if (cost[c][widest] < cost[used][widest]) used = c;
  }
  widths->fill(static_cast<uint8_t>(widest));
  int w = static_cast<int>(widest);
  for (uint32_t c = used; c >= 1; --c) {
    (*widths)[c - 1] = static_cast<uint8_t>(w);
    w = from[c][static_cast<size_t>(w)];
  }
  return cost[used][widest];
}

// The narrowest class that holds a value; widths ascend.
uint32_t class_of(uint32_t value, const ListLayout& layout) {
  const auto width = static_cast<uint32_t>(std::bit_width(value));
  uint32_t c = 0;
  while (layout.class_bits[c] < width) ++c;
  return c;
}

// Ors `bits` bits into zeroed bytes.
void put_bits(uint8_t* to, uint64_t at, uint64_t value, uint32_t bits) {
  value <<= at % 8;
  for (uint64_t byte = at / 8; bits != 0 && byte <= (at + bits - 1) / 8; ++byte, value >>= 8) {
    to[byte] = static_cast<uint8_t>(to[byte] | (value & 0xFF));
  }
}

// REQUIRES bits <= 32, all of them before `end`; reads nothing past it.
uint64_t get_bits(const uint8_t* from, uint64_t at, uint32_t bits, const uint8_t* end) {
  const uint8_t* const first = from + at / 8;
  uint64_t word = 0;
  if (end - first >= 8) {
    word = load_le<uint64_t>(first);
  } else {
    for (const uint8_t* byte = first; byte < end; ++byte) word |= uint64_t{*byte} << (8 * (byte - first));
  }
  return word >> (at % 8) & ((uint64_t{1} << bits) - 1);
}

}  // namespace

Packing choose_width_classes(const GapHistogram& histogram) {
  uint64_t total = 0;
  for (const uint64_t count : histogram) total += count;
  Packing best;
  uint64_t best_bits = std::numeric_limits<uint64_t>::max();
  for (uint32_t selector_bits = 0; selector_bits <= 4; ++selector_bits) {
    std::array<uint8_t, kWidthClassesMax> widths{};
    const uint64_t bits = best_widths(histogram, 1u << selector_bits, &widths) + total * selector_bits;
    if (bits < best_bits) {
      best_bits = bits;
      best.width_classes = 1u << selector_bits;
      best.class_bits = widths;
      std::fill(best.class_bits.begin() + best.width_classes, best.class_bits.end(), uint8_t{0});
    }
  }
  return best;
}

uint64_t packed_list_bytes(const GapList& gaps, const ListLayout& layout) {
  uint64_t value_bits = 0;
  for (uint32_t i = 0; i < gaps.count; ++i) value_bits += layout.class_bits[class_of(gaps.values[i], layout)];
  return 1 + (gaps.count != layout.degree ? 1 : 0) + div_up(uint64_t{gaps.count} * layout.selector_bits, 8) +
         div_up(value_bits, 8);
}

uint64_t write_packed_list(const GapList& gaps, const ListLayout& layout, uint8_t* to) {
  uint64_t head = 1;
  to[0] = static_cast<uint8_t>(gaps.position);
  if (gaps.count != layout.degree) {
    to[0] |= 0x80;
    to[1] = static_cast<uint8_t>(gaps.count);
    head = 2;
  }
  uint8_t* const selectors = to + head;
  uint8_t* const values = selectors + div_up(uint64_t{gaps.count} * layout.selector_bits, 8);
  uint64_t selector_at = 0, value_at = 0;
  for (uint32_t i = 0; i < gaps.count; ++i) {
    const uint32_t c = class_of(gaps.values[i], layout);
    put_bits(selectors, selector_at, c, layout.selector_bits);
    put_bits(values, value_at, gaps.values[i], layout.class_bits[c]);
    selector_at += layout.selector_bits;
    value_at += layout.class_bits[c];
  }
  return static_cast<uint64_t>(values - to) + div_up(value_at, 8);
}

Status check_packed_list(const uint8_t* list, uint64_t size, uint64_t node, uint64_t rows, const ListLayout& layout,
                         uint32_t* count) {
  const auto corrupt = [node](const char* what) {
    return Status(Code::kCorrupt,
                  format("graph: the list of node %llu %s", static_cast<unsigned long long>(node), what));
  };
  if (size < 1) return corrupt("is empty");
  const uint32_t position = list[0] & 0x7F;
  const bool own_count = (list[0] & 0x80) != 0;
  if (own_count && size < 2) return corrupt("ends within its header");
  const uint32_t n = own_count ? list[1] : layout.degree;
  if (n > layout.degree || position > n)
    return corrupt("claims more neighbours than the degree limit, or a position past them");
  const uint64_t head = own_count ? 2 : 1;
  const uint64_t selector_bytes = div_up(uint64_t{n} * layout.selector_bits, 8);
  if (head + selector_bytes > size) return corrupt("ends within its selectors");
  const uint64_t value_bits_room = (size - head - selector_bytes) * 8;
  uint64_t value_at = 0, sum = 0, before = 0;
  for (uint32_t i = 0; i < n; ++i) {
    const uint64_t c = get_bits(list + head, uint64_t{i} * layout.selector_bits, layout.selector_bits, list + size);
    const uint32_t bits = layout.class_bits[c];
    if (value_at + bits > value_bits_room) return corrupt("ends within its values");
    sum += get_bits(list + head + selector_bytes, value_at, bits, list + size) + 1;
    value_at += bits;
    if (i + 1 == position) before = sum;
  }
  if (div_up(value_at, 8) + head + selector_bytes != size) return corrupt("has bytes that no value uses");
  if (before > node || node - before + sum >= rows) return corrupt("names a node that does not exist");
  *count = n;
  return Status();
}

}  // namespace vamana
