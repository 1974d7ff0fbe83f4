#include "io/pread_reader.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "io/page_file.h"
#include "io/pread_pool.h"

namespace vamana {

namespace {

class PreadSession final : public ReadSession, private ReadTask::Owner {
 public:
  PreadSession(PreadPool& pool, uint32_t queue_depth) : pool_(pool), queue_depth_(std::max(1u, queue_depth)) {}

  ~PreadSession() override {
    std::unique_lock lock(mutex_);
    closing_.store(true, std::memory_order_relaxed);
    waiting_.clear();
    changed_.wait(lock, [this] { return in_flight_ == 0; });
  }

  void submit(PageBatch* batch) override {
    begin_batch(batch);
    std::vector<ReadTask>& tasks = starting_;
    tasks.clear();
    {
      std::lock_guard lock(mutex_);
      for (auto& request : batch->requests) {
        Status status = check_buffered_request(request);
        if (!status.ok()) {
          if (end_request(batch, &request, nullptr, std::move(status))) finished_.push_back(batch);
        } else if (in_flight_ < queue_depth_) {
          ++in_flight_;
          tasks.push_back({this, batch, &request});
        } else {
          waiting_.push_back({this, batch, &request});
        }
      }
    }
    if (!tasks.empty()) pool_.push(tasks);
  }

  PageBatch* reap(bool wait) override {
    std::unique_lock lock(mutex_);
    if (wait) changed_.wait(lock, [this] { return !finished_.empty() || in_flight_ == 0; });
    if (finished_.empty()) return nullptr;
    PageBatch* batch = finished_.front();
    finished_.pop_front();
    return batch;
  }

 private:
  bool wanted() const override { return !closing_.load(std::memory_order_relaxed); }

  bool finished(const ReadTask& task, Status status, ReadTask* next) override {
    std::lock_guard lock(mutex_);
    if (end_request(task.batch, task.request, task.request->buffer, std::move(status))) finished_.push_back(task.batch);
    const bool more = !waiting_.empty();
    if (more) {
      *next = waiting_.front();
      waiting_.pop_front();
    } else {
      --in_flight_;
    }
    // Under the mutex: the destructor may take the session away as soon as it is released.
    if (!finished_.empty() || in_flight_ == 0) changed_.notify_one();
    return more;
  }

  PreadPool& pool_;
  const uint32_t queue_depth_;
  std::atomic<bool> closing_{false};
  std::vector<ReadTask> starting_;  // the owner thread's scratch

  std::mutex mutex_;  // guards what follows, and the batches in flight
  std::condition_variable changed_;
  uint32_t in_flight_ = 0;  // queued in the pool or being read
  std::deque<ReadTask> waiting_;
  std::deque<PageBatch*> finished_;
};

class PreadReader final : public PageReader {
 public:
  explicit PreadReader(std::string fallback_note) : note_(std::move(fallback_note)) {}

  Result<std::shared_ptr<const PageFile>> open_file(const std::string& path) override {
    VAMANA_ASSIGN(std::shared_ptr<const PageFile> file, open_page_file(path, Caching::kDirectIfPossible));
    return file;
  }

  Result<std::unique_ptr<ReadSession>> open_session(const SessionOptions& options) override {
    VAMANA_TRY(pool_.start());
    return std::unique_ptr<ReadSession>(std::make_unique<PreadSession>(pool_, options.queue_depth));
  }

  ReaderFacts facts() const override { return {IoKind::kPread, false, false, note_}; }

 private:
  PreadPool pool_;
  const std::string note_;
};

}  // namespace

Result<std::unique_ptr<PageReader>> open_pread_reader(const std::string& fallback_note) {
  return std::unique_ptr<PageReader>(std::make_unique<PreadReader>(fallback_note));
}

}  // namespace vamana
