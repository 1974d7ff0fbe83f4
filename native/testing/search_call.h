// One search request as tests make it: submitted, waited for, and watched for a `done` that comes twice or
// never. For tests only.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "search/search_engine.h"
#include "testing/synthetic.h"

namespace vamana::testing {

class SearchCall {
 public:
  // Asks for queries [first, first + count) of the set.
  SearchCall(const VectorSet& queries, uint32_t first, uint32_t count, const SearchParams& params)
      : request_(std::make_shared<SearchRequest>()), ended_(std::make_shared<Ended>()) {
    request_->queries.assign(queries.row(first), queries.row(first) + count * queries.row_bytes());
    request_->count = count;
    request_->params = params;
    request_->cancel = std::make_shared<CancelFlag>();
    request_->done = [ended = ended_](SearchRequest&) {
      std::lock_guard lock(ended->mutex);
      ++ended->calls;
      ended->changed.notify_all();
    };
  }
  // All of them.
  SearchCall(const VectorSet& queries, const SearchParams& params) : SearchCall(queries, 0, queries.rows, params) {}

  // In this snapshot, not in the engine's one segment.
  void search_in(std::shared_ptr<const SearchSnapshot> snapshot) { request_->snapshot = std::move(snapshot); }
  // Only rows of the filter.
  void filter_by(std::shared_ptr<const RowFilter> filter) { request_->filter = std::move(filter); }
  // Fetches rows instead.
  void fetch_from(std::shared_ptr<const SearchSnapshot> snapshot, std::vector<uint32_t> rows) {
    request_->snapshot = std::move(snapshot);
    request_->count = 1;
    request_->fetch = std::make_unique<FetchedRows>();
    request_->fetch->rows = std::move(rows);
  }

  Status submit(SearchEngine& engine) { return engine.submit(request_); }
  void cancel() { request_->cancel->cancel(); }

  // Waits for `done`, for half a minute at most; returns whether it came.
  bool wait() const {
    std::unique_lock lock(ended_->mutex);
    return ended_->changed.wait_for(lock, std::chrono::seconds(30), [&] { return ended_->calls > 0; });
  }
  uint32_t done_calls() const {
    std::lock_guard lock(ended_->mutex);
    return ended_->calls;
  }

  // Submits and waits; the request's own status, or why it was refused.
  Status run(SearchEngine& engine) {
    VAMANA_TRY(submit(engine));
    return wait() ? request_->status : Status(Code::kInternal, "`done` was not called within half a minute");
  }

  // REQUIRES that `done` came.
  const SearchRequest& result() const { return *request_; }
  std::vector<uint32_t> rows_of(uint32_t query) const {
    const auto at = request_->rows.begin() + static_cast<ptrdiff_t>(query * request_->params.k);
    return {at, at + static_cast<ptrdiff_t>(request_->params.k)};
  }

 private:
  struct Ended {
    std::mutex mutex;
    std::condition_variable changed;
    uint32_t calls = 0;
  };

  std::shared_ptr<SearchRequest> request_;
  std::shared_ptr<Ended> ended_;
};

}  // namespace vamana::testing
