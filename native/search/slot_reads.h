// The pages of one wave of a query's reads: which of the segment's slots it wants, where their bytes are, and
// the batch that fetches those the cache does not hold.
//
// Scratch of a query slot: not thread-safe, and must not move while its batch is in flight.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/status.h"
#include "io/page_reader.h"
#include "search/search_params.h"
#include "segment/page_cache.h"
#include "segment/segment.h"

namespace vamana {

class SlotReads {
 public:
  void clear();

  // Wants `slots`, distinct. What the cache holds is there at once, the rest is listed in batch(); `cost` counts
  // both. Buffers are cut from the front of `arena`, or, when it is too small for them all, are the wave's own.
  Status plan(const Segment& segment, PageCache& cache, std::span<const uint64_t> slots, std::span<uint8_t>* arena,
              QueryCost* cost);

  PageBatch& batch() { return batch_; }

  // After the batch was reaped: CORRUPT when the checksum of a page that came does not hold. Good ones are offered
  // to the cache.
  Status check(const Segment& segment, PageCache& cache);

  // The slots wanted, in the order given, and their bytes once the batch has come.
  std::span<const uint64_t> slots() const { return slots_; }
  const uint8_t* data(size_t i) const { return data_[i]; }

 private:
  std::vector<uint64_t> slots_;
  std::vector<const uint8_t*> data_;  // null while it is being read
  std::vector<size_t> places_;        // in slots_, of batch_.requests in order
  PageBatch batch_;
  AlignedBuffer overflow_;
};

}  // namespace vamana
