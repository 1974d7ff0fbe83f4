#include "search/search_engine.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <limits>
#include <mutex>
#include <thread>

#include "base/background.h"
#include "base/check.h"
#include "search/query_slot.h"
#include "search/row_fetch.h"
#include "search/snapshot_scan.h"

namespace vamana {

namespace {

// Queries that one pass of an exact scan answers together.
constexpr uint32_t kScanQueries = 64;
// Walks that may be taken before a scan which came earlier.
constexpr uint32_t kPassedOverMost = 256;
// For how long walks may hold up a scan that has begun, after each of its turns: it keeps a fifth of its worker.
constexpr std::chrono::microseconds kServedMost = 4 * kScanTurn;
// Reads that a slot's part of the registered arena holds; 4 slots of 64 pages are 1 MiB a worker, because
// the system's limit on locked memory is often 8 MiB.
constexpr uint64_t kArenaPages = 64;

bool is_scan(const SearchRequest& request) { return request.params.exact && request.fetch == nullptr; }

uint64_t slot_bytes_of(const VectorSpace& space) {
  return vectors_layout(space.dim, space.element).pages_per_slot * kPageBytes;
}

}  // namespace

struct SearchEngine::State {
  State(const VectorSpace& space_in, std::shared_ptr<PageReader> reader_in, const EngineOptions& chosen)
      : space(space_in),
        reader(std::move(reader_in)),
        options(chosen),
        cache(chosen.cache_bytes, static_cast<uint32_t>(slot_bytes_of(space_in))) {
    if (options.in_flight == 0) options.in_flight = options.threads == 1 ? 1 : 4;
  }

  const VectorSpace space;
  const std::shared_ptr<PageReader> reader;
  EngineOptions options;
  PageCache cache;
  StrategyTimes times;
  std::shared_ptr<const SearchSnapshot> whole;  // of an engine for one segment; constant once workers run

  std::mutex mutex;
  std::condition_variable work_ready;
  std::deque<std::shared_ptr<SearchRequest>> queue;  // requests with queries nobody has claimed; they take turns
  bool stopping = false;
  uint64_t closings = 0;     // forget_closed_files() so far
  uint32_t scanning = 0;     // workers at an exact scan
  uint32_t passed_over = 0;  // times that the scan whose turn it is was
  std::vector<std::thread> workers;

  // Some queries of the request whose turn it is, if there is one.
  struct Claim {
    std::shared_ptr<SearchRequest> request;  // null: none
    uint32_t first = 0, count = 0;
    uint64_t closings = 0;
    bool stop = false;  // and there will be none any more
  };
  using Queue = std::deque<std::shared_ptr<SearchRequest>>;
  // What a worker may take: anything; anything, though it has queries in flight; no scan, since it is at one.
  enum class Wanted { kAny, kMore, kNoScan };
  Queue::iterator next_request(Wanted wanted);
  void scan_ended();
  // Waits if it may be anything: none then means that the engine stops, or that files were closed since the worker has
  // `seen` it.
  Claim claim(Wanted wanted, uint64_t seen);
  void complete(SearchRequest& request, uint32_t queries, const Status& status);
  void worker_main(std::promise<Status> started);
};

namespace {

// What one worker has: keeps up to options.in_flight queries going.
class Worker {
 public:
  Worker(const VectorSpace& space, PageReader& reader, PageCache& cache, StrategyTimes& times, uint32_t in_flight)
      : space_(space), reader_(reader), cache_(cache), times_(times), in_flight_(in_flight) {}

  Status open() {
    const uint64_t part = std::max(kArenaPages * kPageBytes, slot_bytes_of(space_));
    VAMANA_ASSIGN(arena_, AlignedBuffer::create(in_flight_ * part));
    SessionOptions options;
    options.buffer_arena = {arena_.data(), arena_.size()};
    VAMANA_ASSIGN(session_, reader_.open_session(options));
    for (uint32_t i = 0; i < in_flight_; ++i) {
      // With one query in flight the disk would idle while it walks.
      slots_.push_back(std::make_unique<QuerySlot>(space_, cache_, times_, std::span(arena_.data() + i * part, part),
                                                   in_flight_ == 1));
      free_.push_back(slots_.back().get());
    }
    return Status();
  }

  bool idle() const { return flying_ == 0; }
  bool full() const { return free_.empty(); }

  // Walks one query and starts its reads. A slot that needs none, or failed, is returned finished.
  QuerySlot* start(std::shared_ptr<SearchRequest> request, uint32_t query, Status* status) {
    QuerySlot* const slot = free_.back();
    free_.pop_back();
    slot->begin(std::move(request), query, scratch_, *session_);
    if (slot->waiting() > 0) {
      ++flying_;
      return nullptr;
    }
    *status = slot->finish();
    return slot;
  }

  // A query whose reads have all come, ranked; null when there is none (and `wait` is false).
  QuerySlot* reap(bool wait, Status* status) {
    for (;;) {
      PageBatch* const batch = session_->reap(wait);
      if (batch == nullptr) return nullptr;
      auto* const slot = static_cast<QuerySlot*>(batch->owner);
      slot->arrived();
      if (slot->waiting() > 0) continue;
      --flying_;
      *status = slot->finish();
      return slot;
    }
  }

  void recycle(QuerySlot* slot) { free_.push_back(slot); }

  // Its reads have a session of their own, so that they do not mix with those of queries in flight.
  Status fetch(const SearchRequest& request) {
    if (fetch_session_ == nullptr) {
      VAMANA_ASSIGN(fetch_session_, reader_.open_session(SessionOptions{}));
    }
    return fetch_rows(*request.snapshot, *fetch_session_, cache_, *request.fetch);
  }

  void forget_closed_files() {
    session_->forget_closed_files();
    if (fetch_session_ != nullptr) fetch_session_->forget_closed_files();
  }

 private:
  const VectorSpace space_;
  PageReader& reader_;
  PageCache& cache_;
  StrategyTimes& times_;
  const uint32_t in_flight_;
  AlignedBuffer arena_;
  SearchScratch scratch_;
  std::vector<std::unique_ptr<QuerySlot>> slots_;
  std::vector<QuerySlot*> free_;
  uint32_t flying_ = 0;
  // Last, so that it is destroyed first: it waits for reads into the buffers above.
  std::unique_ptr<ReadSession> fetch_session_;
  std::unique_ptr<ReadSession> session_;
};

}  // namespace

// The request that a worker takes next; the end when there is none for it. A scan takes some tenths of a second: walks
// that come later go first, for a while, one worker is kept for them, and no worker begins one while it has queries in
// flight. Walks that come while all others are busy are served between the scan's turns. REQUIRES the mutex.
SearchEngine::State::Queue::iterator SearchEngine::State::next_request(Wanted wanted) {
  if (queue.empty() || !is_scan(*queue.front())) return queue.begin();
  const bool is_due = passed_over >= kPassedOverMost;
  const bool has_room = (wanted == Wanted::kAny || is_due) && scanning < std::max(1u, options.threads - 1);
  const bool may_scan = wanted != Wanted::kNoScan && (stopping || has_room);
  if (may_scan && is_due) return queue.begin();
  const auto walk = std::find_if(queue.begin(), queue.end(), [](const auto& request) { return !is_scan(*request); });
  if (walk != queue.end()) {
    ++passed_over;
    return walk;
  }
  return may_scan ? queue.begin() : queue.end();
}

void SearchEngine::State::scan_ended() {
  {
    std::lock_guard lock(mutex);
    --scanning;
  }
  work_ready.notify_one();
}

SearchEngine::State::Claim SearchEngine::State::claim(Wanted wanted, uint64_t seen) {
  std::unique_lock lock(mutex);
  auto next = queue.end();
  const auto found = [&] { return (next = next_request(wanted)) != queue.end(); };
  if (wanted == Wanted::kAny) {
    work_ready.wait(lock, [&] { return found() || stopping || closings != seen; });
  } else {
    found();
  }
  Claim claimed;
  claimed.closings = closings;
  claimed.stop = stopping && queue.empty();
  if (next == queue.end()) return claimed;
  claimed.request = *next;
  SearchRequest& request = *claimed.request;
  if (is_scan(request)) {
    ++scanning;
    passed_over = 0;
  }
  const uint32_t grain = request.params.exact ? kScanQueries : 1;
  claimed.first = request.next.load(std::memory_order_relaxed);
  claimed.count = std::min(grain, request.count - claimed.first);
  const uint32_t end = claimed.first + claimed.count;
  request.next.store(end, std::memory_order_relaxed);
  // Requests take turns, so that one of many queries does not keep one of few waiting for all of them.
  const bool is_claimed = end == request.count;
  if (!is_claimed && queue.size() == 1) return claimed;
  queue.erase(next);
  if (!is_claimed) queue.push_back(claimed.request);
  return claimed;
}

void SearchEngine::State::complete(SearchRequest& request, uint32_t queries, const Status& status) {
  if (!status.ok()) {
    std::lock_guard lock(mutex);
    // Nobody needs the rest: what is unclaimed is taken out here.
    const uint32_t unclaimed = request.count - request.next.exchange(request.count);
    if (unclaimed != 0) std::erase_if(queue, [&](const auto& waiting) { return waiting.get() == &request; });
    queries += unclaimed;
    // None left to answer for: the request may have ended meanwhile and its caller be reading it, so its status
    // must not be touched.
    if (queries == 0) return;
    if (!request.failed.exchange(true)) request.status = status;
  }
  if (request.finished.fetch_add(queries, std::memory_order_acq_rel) + queries != request.count) return;
  // So that whoever hears of the end may count on the request's parts to be let go of.
  request.snapshot = nullptr;
  foreground_ends();
  request.done(request);
}

void SearchEngine::State::worker_main(std::promise<Status> started) {
  Worker worker(space, *reader, cache, times, options.in_flight);
  const Status opened = worker.open();
  started.set_value(opened);
  if (!opened.ok()) return;
  uint64_t closings_seen = 0;
  const auto take = [&](Wanted wanted) {
    Claim claimed;
    if (worker.full()) return claimed;
    claimed = claim(wanted, closings_seen);
    // Whether there is work or not: a worker that never rests must let go of files too.
    if (claimed.closings != closings_seen) worker.forget_closed_files();
    closings_seen = claimed.closings;
    return claimed;
  };
  // This query, and all those whose reads have come.
  const auto end = [&](QuerySlot* slot, Status status) {
    while (slot != nullptr) {
      const std::shared_ptr<SearchRequest> ended = slot->release();
      worker.recycle(slot);
      complete(*ended, 1, status);
      slot = worker.reap(false, &status);
    }
  };
  const auto wait_for_reads = [&] {
    Status status;
    QuerySlot* const slot = worker.reap(true, &status);
    end(slot, status);
  };
  const auto answer = [&](Claim& claimed) {
    if (claimed.request->fetch != nullptr) {
      const Status status = worker.fetch(*claimed.request);
      complete(*claimed.request, claimed.count, status);
      return;
    }
    Status status;
    QuerySlot* const slot = worker.start(std::move(claimed.request), claimed.first, &status);
    end(slot, status);
  };
  // Between the turns of a scan: what waits, and what has come meanwhile. For reads it does not wait.
  const auto serve = [&] {
    const auto until = std::chrono::steady_clock::now() + kServedMost;
    do {
      Status status;
      QuerySlot* const slot = worker.reap(false, &status);
      end(slot, status);
      Claim claimed = take(Wanted::kNoScan);
      if (claimed.request == nullptr) return;
      answer(claimed);
    } while (std::chrono::steady_clock::now() < until);
  };
  for (;;) {
    Claim claimed = take(worker.idle() ? Wanted::kAny : Wanted::kMore);
    if (claimed.request == nullptr) {
      if (!worker.idle()) {
        wait_for_reads();
      } else if (claimed.stop) {
        return;
      }
    } else if (is_scan(*claimed.request)) {
      const Status status = scan_snapshot(*claimed.request, claimed.first, claimed.count, serve);
      scan_ended();
      complete(*claimed.request, claimed.count, status);
    } else {
      answer(claimed);
    }
  }
}

SearchEngine::SearchEngine(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<SearchEngine>> SearchEngine::create(std::shared_ptr<const Segment> segment,
                                                           const EngineOptions& options) {
  const VectorSpace space = space_of(*segment);
  const std::shared_ptr<PageReader> reader = segment->reader();
  VAMANA_ASSIGN(auto whole, SearchSnapshot::create(space, {std::move(segment)}, {}, {}));
  VAMANA_ASSIGN(auto engine, create(space, reader, options));
  engine->state_->whole = std::move(whole);
  return engine;
}

Result<std::unique_ptr<SearchEngine>> SearchEngine::create(const VectorSpace& space, std::shared_ptr<PageReader> reader,
                                                           const EngineOptions& options) {
  if (options.threads < 1 || options.threads > 1024 || options.in_flight > 256) {
    return Status(Code::kInvalidArgument,
                  format("threads must be 1 to 1024 and queries in flight at most 256; found %u and %u",
                         options.threads, options.in_flight));
  }
  std::unique_ptr<SearchEngine> engine(new SearchEngine(std::make_unique<State>(space, std::move(reader), options)));
  State* const state = engine->state_.get();
  std::vector<std::future<Status>> started;
  for (uint32_t i = 0; i < options.threads; ++i) {
    std::promise<Status> promise;
    started.push_back(promise.get_future());
    state->workers.emplace_back(
        [state, promise = std::move(promise)]() mutable { state->worker_main(std::move(promise)); });
  }
  Status first;
  for (auto& future : started) {
    Status status = future.get();
    if (first.ok() && !status.ok()) first = std::move(status);
  }
  if (!first.ok()) return first;
  return engine;
}

SearchEngine::~SearchEngine() { close(); }

namespace {

Status check_request(const SearchRequest& request, const VectorSpace& space) {
  if (request.snapshot == nullptr || request.snapshot->space() != space) {
    return Status(Code::kInvalidArgument, "a request without a snapshot of this engine's vectors");
  }
  if (request.fetch != nullptr) {
    return request.count == 1 ? Status() : Status(Code::kInvalidArgument, "a fetch counts as one query");
  }
  const SearchParams& params = request.params;
  if (params.k < 1 || params.k > kMaxK || params.list_size < 1 || params.list_size > kMaxListSize ||
      params.rerank > kMaxListSize) {
    return Status(Code::kInvalidArgument,
                  format("k must be 1 to %u, list size 1 to %u and rerank at most %u; found %u, %u and %u", kMaxK,
                         kMaxListSize, kMaxListSize, params.k, params.list_size, params.rerank));
  }
  const uint64_t expected = request.count * space.vector_bytes();
  if (request.count >= 1 && request.queries.size() == expected) return Status();
  return Status(Code::kInvalidArgument,
                format("%u queries of %u dimensions (%s) are %llu bytes; found %zu", request.count, space.dim,
                       std::string(element_name(space.element)).c_str(), static_cast<unsigned long long>(expected),
                       request.queries.size()));
}

}  // namespace

Status SearchEngine::submit(std::shared_ptr<SearchRequest> request) {
  if (request->snapshot == nullptr) request->snapshot = state_->whole;
  VAMANA_TRY(check_request(*request, state_->space));
  const SearchParams& params = request->params;
  request->rows.assign(uint64_t{request->count} * params.k, kNoRow);
  request->distances.assign(uint64_t{request->count} * params.k, std::numeric_limits<float>::infinity());
  request->costs.assign(request->count, QueryCost{});
  bool single;
  {
    std::lock_guard lock(state_->mutex);
    if (state_->stopping) return Status(Code::kClosed, "the index is closed");
    if (state_->queue.size() >= state_->options.queue_requests) {
      return Status(Code::kBusy,
                    format("%u search requests are waiting already; try again later", state_->options.queue_requests));
    }
    foreground_begins();
    single = request->count == 1;
    state_->queue.push_back(std::move(request));
  }
  // One query is one worker's: others that woke for it would find nothing, and take processors from who works on it.
  if (single) {
    state_->work_ready.notify_one();
  } else {
    state_->work_ready.notify_all();
  }
  return Status();
}

void SearchEngine::close() {
  std::deque<std::shared_ptr<SearchRequest>> refused;
  {
    std::lock_guard lock(state_->mutex);
    if (state_->stopping && state_->workers.empty()) return;
    state_->stopping = true;
    refused = state_->queue;
  }
  for (const auto& request : refused) state_->complete(*request, 0, Status(Code::kClosed, "the index was closed"));
  state_->work_ready.notify_all();
  for (auto& worker : state_->workers) worker.join();
  state_->workers.clear();
}

void SearchEngine::forget_closed_files() {
  {
    std::lock_guard lock(state_->mutex);
    ++state_->closings;
  }
  state_->work_ready.notify_all();
}

const VectorSpace& SearchEngine::space() const { return state_->space; }
const Segment& SearchEngine::segment() const { return *state_->whole->segments().front().segment; }
PageCache::Facts SearchEngine::cache_facts() const { return state_->cache.facts(); }
ReaderFacts SearchEngine::reader_facts() const {
  const ReaderFacts facts = state_->reader->facts();
  return state_->whole == nullptr ? facts : facts_with(facts, segment().page_file());
}

}  // namespace vamana
