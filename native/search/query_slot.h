// One query in flight on a worker: from its walk, through its reads, to its exact ranking.
//
// The reads are one wave, when the walk has ended; or, for a query that nothing else would keep the disk busy
// for, two: the pages of the k nearest go out in the middle of the walk, when enough nodes have been expanded for
// these to stay almost surely (with a filter, when lists lead no further), so that the disk works while the processor
// walks on. That costs a few reads in vain.
//
// Not thread-safe: owned by a worker. The slot must not move while its reads are in flight.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "delta/delta_search.h"
#include "io/page_reader.h"
#include "search/row_filter.h"
#include "search/search_engine.h"
#include "search/search_snapshot.h"
#include "search/slot_reads.h"
#include "search/strategy_times.h"
#include "search/walk.h"
#include "segment/page_cache.h"

namespace vamana {

// Scratch of one worker, shared by its slots: begin() is done with it before the next query begins.
struct SearchScratch {
  std::deque<WalkScratch> walks;  // one a segment: the depth of a query is chosen when all have walked
  DeltaScratch delta;
  std::vector<DeltaHit> hits;
};

class QuerySlot {
 public:
  // `arena`: this slot's part of the buffers registered with the kernel, for the reads of a usual query.
  // `early`: two waves where the snapshot is one segment, without dead rows unless there is a filter.
  QuerySlot(const VectorSpace& space, PageCache& cache, StrategyTimes& times, std::span<uint8_t> arena, bool early);

  // Walks, submits the reads that the best candidates need to `session`, which is the same until finish(), and
  // searches the deltas meanwhile. The slot is busy until release(). A failure (ABORTED when cancelled) is told by
  // finish(). REQUIRES a request with its snapshot.
  void begin(std::shared_ptr<SearchRequest> request, uint32_t query, SearchScratch& scratch, ReadSession& session);

  // Batches that were submitted and not reaped; each one reaped is told by arrived().
  uint32_t waiting() const { return waiting_; }
  void arrived() { --waiting_; }

  // Ranks exactly what was read and writes the query's results and cost. REQUIRES waiting() == 0.
  Status finish();

  bool busy() const { return request_ != nullptr; }
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

  const SearchSnapshot& snapshot() const { return *request_->snapshot; }
  const uint8_t* raw_query() const { return request_->queries.data() + query_ * space_.vector_bytes(); }
  void widen_query();
  Status walk_and_read(SearchScratch& scratch, ReadSession& session);
  Status walk_segment(uint32_t part, WalkScratch& scratch, ReadSession& session);
  Status walk_filtered(uint32_t part, WalkScratch& scratch, ReadSession& session);
  bool reads_early() const;
  void read_nearest(const CandidateList& beam, ReadSession& session);
  CodeDistance prepare_codes(const Segment& segment);
  void want(uint32_t part, const CandidateList& beam, size_t first, size_t depth);
  Status keep_sure();
  Status read_wanted(SlotReads& wave, ReadSession& session);
  void search_deltas(SearchScratch& scratch);
  void search_delta(const SearchSnapshot::DeltaPart& part, SearchScratch& scratch);
  void rank(const SlotReads& wave);
  void add_sure();
  void write_results();

  const VectorSpace space_;
  PageCache& cache_;
  StrategyTimes& times_;
  const std::span<uint8_t> arena_;
  const bool early_wave_;  // whether the first of two waves may go out during the walk

  std::shared_ptr<SearchRequest> request_;
  uint32_t query_ = 0;
  Status status_;
  QueryCost cost_;
  Clock::time_point started_, walked_;
  std::vector<float> widened_;
  std::vector<float> table_;
  std::span<uint8_t> room_;                  // what is left of the arena
  std::vector<const CandidateList*> beams_;  // by segment, in the worker's scratch
  std::vector<float> spreads_;
  std::vector<std::shared_ptr<const NodeFilter>> filters_;  // by segment; empty without a filter
  SearchParams effective_;                                  // the request's, with the list size of the plan
  std::vector<size_t> depths_;
  // Of an approximate search: who is in the answer without being read.
  struct Sure {
    SlotPlace place;
    Ranked estimate;
  };
  std::vector<size_t> sure_depths_;
  std::vector<Sure> sure_;
  std::vector<SlotPlace> wanted_;
  SlotReads early_, late_;
  Status early_status_;
  uint32_t waiting_ = 0;
  std::vector<Ranked> ranked_;
};

}  // namespace vamana
