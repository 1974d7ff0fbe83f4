#include "search/row_filter.h"

#include "base/coding.h"

namespace vamana {

namespace {

constexpr uint32_t kCookieNoRuns = 12346;
constexpr uint32_t kCookieRuns = 12347;
// Fewer containers than this go without the list of their offsets where there are runs.
constexpr uint32_t kOffsetsFrom = 4;
constexpr uint32_t kArrayMost = 4096;
constexpr uint32_t kChunkRows = 1 << 16;
constexpr uint32_t kWords = kChunkRows / 64;
// A list of so many members is searched in six steps and is a sixty-fourth of a bitmap.
constexpr uint32_t kFewMost = 64;

}  // namespace

// Reads the bitmap from front to back; the first thing wrong ends it.
class RowFilter::Parser {
 public:
  explicit Parser(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  Status into(RowFilter* filter) {
    VAMANA_ASSIGN(const uint32_t cookie, read<uint32_t>());
    uint32_t containers = 0;
    std::span<const uint8_t> runs;
    if (cookie == kCookieNoRuns) {
      VAMANA_ASSIGN(containers, read<uint32_t>());
      if (containers > kChunkRows) return wrong("%u containers, expected at most 65536", containers);
    } else if ((cookie & 0xFFFF) == kCookieRuns) {
      containers = (cookie >> 16) + 1;
      VAMANA_ASSIGN(runs, take((containers + 7) / 8));
    } else {
      return wrong("cookie %u, expected that of a portable roaring bitmap", cookie);
    }
    VAMANA_ASSIGN(const auto keys, take(uint64_t{containers} * 4));
    if (runs.empty() || containers >= kOffsetsFrom) {
      VAMANA_TRY(take(uint64_t{containers} * 4).status());
    }
    for (uint32_t i = 0; i < containers; ++i) {
      const uint32_t key = load_le<uint16_t>(keys.data() + 4 * i);
      const uint32_t count = load_le<uint16_t>(keys.data() + 4 * i + 2) + 1u;
      if (key < filter->chunks_.size()) return wrong("container %u does not follow the one before it", key);
      filter->chunks_.resize(key + 1);
      Chunk& chunk = filter->chunks_.back();
      chunk.count = count;
      const bool is_run = !runs.empty() && (runs[i / 8] >> (i % 8) & 1) != 0;
      VAMANA_TRY(is_run ? read_runs(&chunk) : count > kArrayMost ? read_bitmap(&chunk) : read_array(&chunk));
      filter->count_ += count;
    }
    if (at_ != bytes_.size()) return wrong("%zu bytes behind the last container", bytes_.size() - at_);
    return Status();
  }

 private:
  template <typename... Values>
  Status wrong(const char* what, Values... values) const {
    return Status(Code::kInvalidArgument,
                  format("rows: at byte %zu of %zu: ", at_, bytes_.size()) + format(what, values...));
  }

  Result<std::span<const uint8_t>> take(uint64_t size) {
    if (size > bytes_.size() - at_) return wrong("the bitmap ends too early");
    const auto taken = bytes_.subspan(at_, size);
    at_ += size;
    return taken;
  }
  template <typename T>
  Result<T> read() {
    VAMANA_ASSIGN(const auto bytes, take(sizeof(T)));
    return load_le<T>(bytes.data());
  }

  Status read_array(Chunk* chunk) {
    VAMANA_ASSIGN(const auto bytes, take(uint64_t{chunk->count} * 2));
    const bool few = chunk->count <= kFewMost;
    if (!few) chunk->bits.resize(kWords);
    uint32_t before = 0;
    for (uint32_t i = 0; i < chunk->count; ++i) {
      const uint32_t low = load_le<uint16_t>(bytes.data() + 2 * i);
      if (i > 0 && low <= before) return wrong("member %u follows %u in an array", low, before);
      before = low;
      if (few) {
        chunk->few.push_back(static_cast<uint16_t>(low));
      } else {
        chunk->bits[low / 64] |= uint64_t{1} << (low % 64);
      }
    }
    return Status();
  }

  Status read_bitmap(Chunk* chunk) {
    VAMANA_ASSIGN(const auto bytes, take(kChunkRows / 8));
    chunk->bits.resize(kWords);
    uint32_t count = 0;
    for (uint32_t i = 0; i < kWords; ++i) {
      chunk->bits[i] = load_le<uint64_t>(bytes.data() + 8 * i);
      count += static_cast<uint32_t>(__builtin_popcountll(chunk->bits[i]));
    }
    return count == chunk->count ? Status() : wrong("a bitmap of %u members, expected %u", count, chunk->count);
  }

  Status read_runs(Chunk* chunk) {
    VAMANA_ASSIGN(const uint32_t runs, read<uint16_t>());
    VAMANA_ASSIGN(const auto bytes, take(uint64_t{runs} * 4));
    chunk->bits.resize(kWords);
    uint32_t count = 0, end = 0;
    for (uint32_t i = 0; i < runs; ++i) {
      const uint32_t first = load_le<uint16_t>(bytes.data() + 4 * i);
      const uint32_t last = first + load_le<uint16_t>(bytes.data() + 4 * i + 2);
      if ((i > 0 && first < end) || last >= kChunkRows) return wrong("a run from %u to %u", first, last);
      for (uint32_t low = first; low <= last; ++low) chunk->bits[low / 64] |= uint64_t{1} << (low % 64);
      count += last - first + 1;
      end = last + 1;
    }
    return count == chunk->count ? Status() : wrong("runs of %u members, expected %u", count, chunk->count);
  }

  const std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

Result<std::shared_ptr<const RowFilter>> RowFilter::parse(std::span<const uint8_t> bytes) {
  auto filter = std::make_shared<RowFilter>();
  VAMANA_TRY(Parser(bytes).into(filter.get()));
  return std::shared_ptr<const RowFilter>(std::move(filter));
}

uint64_t RowFilter::count_within(uint32_t first, uint32_t last) const {
  uint64_t count = 0;
  for (uint64_t index = first >> 16; index < chunks_.size() && index <= last >> 16; ++index) {
    const auto base = static_cast<uint32_t>(index << 16);
    if (first <= base && last - base >= 0xFFFFu) {
      count += chunks_[index].count;
    } else {
      for_each(std::max(first, base), std::min(last, base + 0xFFFFu), [&](uint32_t) { ++count; });
    }
  }
  return count;
}

Result<std::shared_ptr<const NodeFilter>> RowFilter::nodes_of(const std::shared_ptr<const Segment>& segment) const {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [known, nodes] : nodes_) {
      if (known.lock() == segment) return nodes;
    }
  }
  // Without the lock: two threads may make the same one, and the second then goes.
  VAMANA_ASSIGN(std::shared_ptr<const NodeFilter> made, NodeFilter::create(*segment, *this));
  const std::lock_guard lock(mutex_);
  std::erase_if(nodes_, [](const auto& entry) { return entry.first.expired(); });
  nodes_.emplace_back(segment, made);
  return made;
}

}  // namespace vamana
