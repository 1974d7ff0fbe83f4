// One query in flight on a worker: from its walk, through its one batch of reads, to its exact ranking.
//
// Not thread-safe: owned by a worker. The slot must not move while its batch is in flight.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "io/page_reader.h"
#include "search/search_engine.h"
#include "search/walk.h"
#include "segment/page_cache.h"
#include "segment/segment.h"

namespace vamana {

class QuerySlot {
 public:
  // `arena`: this slot's part of the buffers registered with the kernel, for the reads of a usual query.
  QuerySlot(const Segment& segment, PageCache& cache, std::span<uint8_t> arena);

  // Walks, and lists the reads that the best candidates need in batch(), which may be empty. The slot is busy
  // until finish(). ABORTED when cancelled: the slot is then free.
  Status begin(std::shared_ptr<SearchRequest> request, uint32_t query, WalkScratch& scratch);

  // Ranks exactly what was read and writes the query's results and cost. The slot is free afterwards.
  Status finish();

  bool busy() const { return request_ != nullptr; }
  PageBatch& batch() { return batch_; }
  SearchRequest& request() { return *request_; }
  std::shared_ptr<SearchRequest> release() { return std::move(request_); }

 private:
  using Clock = std::chrono::steady_clock;

  struct Ranked {
    float distance;
    uint32_t row;
    bool operator<(const Ranked& other) const {
      return distance < other.distance || (distance == other.distance && row < other.row);
    }
  };

  void prepare_query();
  Status plan_reads(const CandidateList& beam);
  Status check_read_slots();
  void rank();

  const Segment& segment_;
  PageCache& cache_;
  const std::span<uint8_t> arena_;
  AlignedBuffer overflow_;  // for a query with more reads than the arena holds

  std::shared_ptr<SearchRequest> request_;
  uint32_t query_ = 0;
  QueryCost cost_;
  Clock::time_point started_, submitted_;
  std::vector<float> widened_;
  std::vector<float> table_;
  std::vector<uint64_t> wanted_;           // the segment's slots that hold the best candidates, ascending
  std::vector<const uint8_t*> slot_data_;  // of each of them; null while it is being read
  std::vector<uint64_t> read_slots_;       // of batch_.requests, in order
  std::vector<Ranked> ranked_;
  PageBatch batch_;
};

}  // namespace vamana
