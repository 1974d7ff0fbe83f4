// Scores of scalar codes (kernels/rabitq_table.h): the frame of every level, and the products without SIMD.
#include <cstring>

#include "kernels/parts.h"
#include "kernels/rabitq_table.h"

namespace vamana {

namespace {

template <uint32_t kBits>
uint32_t dot_of(const int8_t* query, uint32_t dim, const uint8_t* elements) {
  constexpr uint32_t kMask = (1u << kBits) - 1;
  int32_t sum = 0;
  for (; dim >= 8; dim -= 8, query += 8, elements += kBits) {
    // Not a copy of an odd number of bytes, which goes through memory and waits for it.
    uint64_t eight = 0;
#pragma GCC unroll 8
    for (uint32_t i = 0; i < kBits; ++i) eight |= uint64_t{elements[i]} << (8 * i);
#pragma GCC unroll 8
    for (uint32_t i = 0; i < 8; ++i) sum += static_cast<int32_t>(eight >> (i * kBits) & kMask) * query[i];
  }
  uint64_t last = 0;
  for (uint32_t i = 0; i < (dim * kBits + 7) / 8; ++i) last |= uint64_t{elements[i]} << (8 * i);
  for (uint32_t i = 0; i < dim; ++i) sum += static_cast<int32_t>(last >> (i * kBits) & kMask) * query[i];
  return static_cast<uint32_t>(sum);
}

constexpr decltype(&dot_of<1>) kDotOf[] = {dot_of<1>, dot_of<2>, dot_of<3>, dot_of<4>,
                                           dot_of<5>, dot_of<6>, dot_of<7>, dot_of<8>};

void rabitq_score(const float* table, const CodeLayout& layout, const uint32_t* ids, size_t count, float* out) {
  rabitq_score_by(rabitq_dots_scalar, table, layout, ids, count, out);
}

}  // namespace

void rabitq_dots_scalar(const int8_t* query, uint32_t dim, uint32_t bits, const uint8_t* const* codes, size_t count,
                        uint32_t* dots) {
  for (size_t i = 0; i < count; ++i) dots[i] = kDotOf[bits - 1](query, dim, codes[i] + kRabitqFactorBytes);
}

void rabitq_score_by(RabitqDotsFn dots_of, const float* table, const CodeLayout& layout, const uint32_t* ids,
                     size_t count, float* out) {
  constexpr size_t kChunk = 16;
  RabitqQuery query;
  std::memcpy(&query, table, sizeof query);
  const auto* bytes = reinterpret_cast<const int8_t*>(table + kRabitqHeadFloats);
  const uint8_t* codes[kChunk];
  uint32_t dots[kChunk];
  while (count > 0) {
    const size_t some = count < kChunk ? count : kChunk;
    for (size_t i = 0; i < some; ++i) codes[i] = layout.code(ids[i]);
    size_t filled = some;
    for (; filled % 4 != 0; ++filled) codes[filled] = codes[0];
    dots_of(bytes, query.dim, query.bits, codes, filled, dots);
    for (size_t i = 0; i < some; ++i) {
      uint32_t factors;
      std::memcpy(&factors, codes[i], sizeof factors);
      const float addend = small_float_value(static_cast<uint16_t>(factors), query.add_floor);
      const float scale = small_float_value(static_cast<uint16_t>(factors >> 16), query.scale_floor);
      const auto product = static_cast<float>(static_cast<int32_t>(2 * dots[i] - query.centre));
      out[i] = (query.base + addend) + query.weight * scale * product;
    }
    ids += some, out += some, count -= some;
  }
}

void fill_rabitq_scalar(KernelTable& table) { table.rabitq_score = rabitq_score; }

}  // namespace vamana
