// The rows that a search may answer with: a set that came from a filter. Immutable, so that any number of searches
// share it; it also keeps, for each segment that it was used with, which of that segment's nodes are in it
// (node_filter.h), so that a filter that comes again costs no translation.
//
// It comes as the portable form of a roaring bitmap (github.com/RoaringBitmap/RoaringFormatSpec), checked strictly,
// and is kept in chunks of 2^16 rows: as a bitmap (8 KiB), or as a sorted list where that is much shorter.
//
// Thread safety: immutable but for the node filters, which are guarded; any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "base/status.h"
#include "search/node_filter.h"
#include "segment/segment.h"

namespace vamana {

class RowFilter {
 public:
  // INVALID_ARGUMENT, saying where, for bytes that are not exactly one such bitmap.
  static Result<std::shared_ptr<const RowFilter>> parse(std::span<const uint8_t> bytes);

  uint64_t count() const { return count_; }

  bool test(uint32_t row) const {
    const uint32_t chunk = row >> 16;
    if (chunk >= chunks_.size()) return false;
    const Chunk& found = chunks_[chunk];
    const auto low = static_cast<uint16_t>(row);
    if (!found.bits.empty()) return (found.bits[low / 64] >> (low % 64) & 1) != 0;
    return std::binary_search(found.few.begin(), found.few.end(), low);
  }

  // Calls visit(row) for the members from `first` to `last`, ascending.
  template <typename Visit>
  void for_each(uint32_t first, uint32_t last, const Visit& visit) const;
  // How many those are.
  uint64_t count_within(uint32_t first, uint32_t last) const;

  // Which nodes of the segment are in it; made at the first call for that segment.
  Result<std::shared_ptr<const NodeFilter>> nodes_of(const std::shared_ptr<const Segment>& segment) const;

 private:
  struct Chunk {
    uint32_t count = 0;
    std::vector<uint64_t> bits;  // empty when the members are listed
    std::vector<uint16_t> few;
  };
  class Parser;

  std::vector<Chunk> chunks_;  // by row / 2^16
  uint64_t count_ = 0;

  mutable std::mutex mutex_;  // guards nodes_
  mutable std::vector<std::pair<std::weak_ptr<const Segment>, std::shared_ptr<const NodeFilter>>> nodes_;
};

template <typename Visit>
void RowFilter::for_each(uint32_t first, uint32_t last, const Visit& visit) const {
  for (uint64_t index = first >> 16; index < chunks_.size() && index <= last >> 16; ++index) {
    const Chunk& chunk = chunks_[index];
    const auto base = static_cast<uint32_t>(index << 16);
    const uint32_t low = std::max(first, base) - base, high = std::min(last - base, 0xFFFFu);
    if (!chunk.bits.empty()) {
      for (uint32_t word = low / 64; word <= high / 64; ++word) {
        uint64_t bits = chunk.bits[word];
        if (word == low / 64) bits &= ~uint64_t{0} << (low % 64);
        if (word == high / 64) bits &= ~uint64_t{0} >> (63 - high % 64);
        for (; bits != 0; bits &= bits - 1) {
          visit(base + word * 64 + static_cast<uint32_t>(__builtin_ctzll(bits)));
        }
      }
      continue;
    }
    auto at = std::lower_bound(chunk.few.begin(), chunk.few.end(), low);
    for (; at != chunk.few.end() && *at <= high; ++at) visit(base + *at);
  }
}

}  // namespace vamana
