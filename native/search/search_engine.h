// Runs searches on one opened segment: a bounded queue and a fixed number of workers, each with its own
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
#include "search/search_params.h"
#include "segment/page_cache.h"
#include "segment/segment.h"

namespace vamana {

struct EngineOptions {
  uint32_t threads = 1;
  uint32_t in_flight = 0;          // queries in flight a worker; 0 = auto: 1 with one thread, 4 with more
  uint32_t queue_requests = 1024;  // submit() answers BUSY beyond this
  uint64_t cache_bytes = 0;
};

// A batch of queries with its results, shared by the caller and the workers until `done` ran.
struct SearchRequest {
  // Constant from submit() on. `queries` holds count x dim elements of the segment's element type.
  std::vector<uint8_t> queries;
  uint32_t count = 0;
  SearchParams params;
  std::shared_ptr<CancelFlag> cancel;
  std::function<void(SearchRequest&)> done;  // called once, on a worker (or inside close())

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
  static Result<std::unique_ptr<SearchEngine>> create(std::shared_ptr<const Segment> segment,
                                                      const EngineOptions& options);
  ~SearchEngine();

  // INVALID_ARGUMENT, BUSY or CLOSED; otherwise `done` will be called.
  Status submit(std::shared_ptr<SearchRequest> request);
  // Refuses new requests, finishes those in flight, fails those waiting with CLOSED, joins the workers.
  void close();

  const Segment& segment() const;
  PageCache::Facts cache_facts() const;
  ReaderFacts reader_facts() const;

 private:
  struct State;
  explicit SearchEngine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vamana
