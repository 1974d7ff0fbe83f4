// Runs searches on snapshots of one vector space: a bounded queue and a fixed number of workers, each with its own
// read session and several queries in flight, so that the disk is busy while the processor walks.
//
// Thread safety: submit() and cancel flags from any thread. Completions run on a worker thread; they must
// be short and must not call back into the engine. close() waits for every request in flight.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/cancel.h"
#include "base/status.h"
#include "search/row_filter.h"
#include "search/search_params.h"
#include "search/search_snapshot.h"
#include "segment/page_cache.h"
#include "segment/segment.h"

namespace vamana {

struct EngineOptions {
  uint32_t threads = 1;
  uint32_t in_flight = 0;          // queries in flight a worker; 0 = auto: 1 with one thread, 4 with more
  uint32_t queue_requests = 1024;  // submit() answers BUSY beyond this
  uint64_t cache_bytes = 0;
};

// The vectors of rows, in place of neighbours.
struct FetchedRows {
  std::vector<uint32_t> rows;    // constant from submit() on
  std::vector<uint8_t> found;    // 1 where a live, visible row has that number
  std::vector<uint8_t> vectors;  // rows x vector bytes; zeros where none was found
};

// A batch of queries with its results, shared by the caller and the workers until `done` ran.
struct SearchRequest {
  // Constant from submit() on. `queries` holds count x dim elements of the space's element type.
  std::shared_ptr<const SearchSnapshot> snapshot;  // null: the whole of the engine's one segment
  std::vector<uint8_t> queries;
  uint32_t count = 0;
  SearchParams params;
  std::shared_ptr<const RowFilter> filter;  // rows that may be in the answer; null: all
  std::shared_ptr<CancelFlag> cancel;
  std::function<void(SearchRequest&)> done;  // called once, on a worker (or inside close())
  std::unique_ptr<FetchedRows> fetch;        // instead of queries and params; count is then 1

  // Written by the workers; read after `done`.
  std::vector<uint32_t> rows;    // count x k, nearest first; kNoRow pads
  std::vector<float> distances;  // count x k, ascending (base/element.h); infinity pads
  std::vector<QueryCost> costs;  // count
  Status status;                 // the first failure; results are then not meaningful

  // The workers' own.
  std::atomic<uint32_t> next{0};
  std::atomic<uint32_t> finished{0};
  std::atomic<bool> failed{false};
};

class SearchEngine {
 public:
  // Every snapshot it is given must be of `space`, its segments opened with `reader`.
  static Result<std::unique_ptr<SearchEngine>> create(const VectorSpace& space, std::shared_ptr<PageReader> reader,
                                                      const EngineOptions& options);
  // For one segment, which requests without a snapshot search.
  static Result<std::unique_ptr<SearchEngine>> create(std::shared_ptr<const Segment> segment,
                                                      const EngineOptions& options);
  ~SearchEngine();

  // INVALID_ARGUMENT, BUSY or CLOSED; otherwise `done` will be called.
  Status submit(std::shared_ptr<SearchRequest> request);
  // Refuses new requests, finishes those in flight, fails those waiting with CLOSED, joins the workers.
  void close();
  // After segments were closed: the workers let go of their files too. Wakes those that rest; any thread.
  void forget_closed_files();

  const VectorSpace& space() const;
  PageCache::Facts cache_facts() const;
  ReaderFacts reader_facts() const;
  // REQUIRES an engine for one segment.
  const Segment& segment() const;

 private:
  struct State;
  explicit SearchEngine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vamana
