// The pages of one wave of a query's reads: which slots of the snapshot's segments it wants, where their bytes
// are, and the batch that fetches those the cache does not hold.
//
// Scratch of a query slot: not thread-safe, and must not move while its batch is in flight.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/status.h"
#include "io/page_reader.h"
#include "search/search_params.h"
#include "search/search_snapshot.h"
#include "segment/page_cache.h"

namespace vamana {

// A slot of one of a snapshot's segments.
struct SlotPlace {
  uint32_t part = 0;
  uint64_t slot = 0;
  auto operator<=>(const SlotPlace&) const = default;
};

class SlotReads {
 public:
  using Segments = std::vector<SearchSnapshot::SegmentPart>;

  void clear();

  // Wants `slots`, distinct. What the cache holds is there at once, the rest is listed in batch(); `cost` counts
  // both. Buffers are cut from the front of `arena`, or, when it is too small for them all, are the wave's own.
  Status plan(const Segments& segments, PageCache& cache, std::span<const SlotPlace> slots, std::span<uint8_t>* arena,
              QueryCost* cost);

  PageBatch& batch() { return batch_; }

  // After the batch was reaped: CORRUPT when the checksum of a page that came does not hold. Good ones are offered
  // to the cache. REQUIRES the segments of plan().
  Status check(const Segments& segments, PageCache& cache);

  // The slots wanted, in the order given, and their bytes once the batch has come.
  std::span<const SlotPlace> slots() const { return slots_; }
  const uint8_t* data(size_t i) const { return data_[i]; }

 private:
  std::vector<SlotPlace> slots_;
  std::vector<const uint8_t*> data_;  // null while it is being read
  std::vector<size_t> places_;        // in slots_, of batch_.requests in order
  PageBatch batch_;
  AlignedBuffer overflow_;
};

}  // namespace vamana
