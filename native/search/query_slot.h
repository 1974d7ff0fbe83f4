// One query in flight on a worker: from its walks, one a segment, through its one batch of reads, to its exact
// ranking with what the deltas have.
//
// Not thread-safe: owned by a worker. The slot must not move while its batch is in flight.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "delta/delta_search.h"
#include "io/page_reader.h"
#include "search/search_engine.h"
#include "search/search_snapshot.h"
#include "search/walk.h"
#include "segment/page_cache.h"

namespace vamana {

// Scratch of one worker, shared by its slots: a query is done with it before the next begins.
struct SearchScratch {
  std::deque<WalkScratch> walks;  // one a segment: the depth of a query is chosen when all have walked
  DeltaScratch delta;
  std::vector<DeltaHit> hits;
};

class QuerySlot {
 public:
  // `arena`: this slot's part of the buffers registered with the kernel, for the reads of a usual query.
  QuerySlot(const VectorSpace& space, PageCache& cache, std::span<uint8_t> arena);

  // Walks, and lists the reads that the best candidates need in batch(), which may be empty. The slot is busy
  // until finish(). ABORTED when cancelled: the slot is then free. REQUIRES a request with its snapshot.
  Status begin(std::shared_ptr<SearchRequest> request, uint32_t query, SearchScratch& scratch);

  // Searches the deltas: while the reads travel.
  void search_deltas(SearchScratch& scratch);

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
  // A slot of a segment that holds some of the best candidates.
  struct Wanted {
    uint32_t part;
    uint64_t slot;
    bool operator==(const Wanted&) const = default;
  };

  const SearchSnapshot& snapshot() const { return *request_->snapshot; }
  const uint8_t* raw_query() const { return request_->queries.data() + query_ * space_.vector_bytes(); }
  void widen_query();
  Status walk_segments(SearchScratch& scratch);
  void choose_slots();
  Status plan_reads();
  Status check_read_slots();
  void rank();

  const VectorSpace space_;
  PageCache& cache_;
  const std::span<uint8_t> arena_;
  AlignedBuffer overflow_;  // for a query with more reads than the arena holds

  std::shared_ptr<SearchRequest> request_;
  uint32_t query_ = 0;
  QueryCost cost_;
  Clock::time_point started_, submitted_;
  std::vector<float> widened_;
  std::vector<float> table_;
  std::vector<const CandidateList*> beams_;  // by segment, in the worker's scratch
  std::vector<float> spreads_;
  std::vector<size_t> depths_;
  std::vector<Wanted> wanted_;             // by segment, and there ascending
  std::vector<const uint8_t*> slot_data_;  // of each of them; null while it is being read
  std::vector<size_t> read_;               // places in wanted_ of batch_.requests, in order
  std::vector<Ranked> ranked_;
  PageBatch batch_;
};

}  // namespace vamana
