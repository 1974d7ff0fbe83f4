#include "base/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace vamana {

struct ThreadPool::Shared {
  std::mutex mutex;
  std::condition_variable work_ready;
  std::condition_variable work_done;
  uint64_t generation = 0;
  size_t running = 0;
  bool stopping = false;

  // The loop in progress; constant while running > 0.
  const std::function<void(size_t, size_t, size_t)>* body = nullptr;
  size_t count = 0;
  size_t grain = 1;
  std::atomic<size_t> next{0};

  std::function<void()> before_chunk;  // constant while running > 0
  std::vector<std::thread> threads;

  void hold() const {
    if (before_chunk) before_chunk();
  }

  void run_chunks(size_t worker) {
    for (;;) {
      const size_t begin = next.fetch_add(grain, std::memory_order_relaxed);
      if (begin >= count) return;
      hold();
      (*body)(begin, std::min(count, begin + grain), worker);
    }
  }

  void worker_main(size_t worker) {
    uint64_t seen = 0;
    std::unique_lock lock(mutex);
    for (;;) {
      work_ready.wait(lock, [&] { return stopping || generation != seen; });
      if (stopping) return;
      seen = generation;
      lock.unlock();
      run_chunks(worker);
      lock.lock();
      if (--running == 0) work_done.notify_one();
    }
  }
};

ThreadPool::ThreadPool(size_t threads) : shared_(std::make_unique<Shared>()) {
  for (size_t worker = 1; worker < threads; ++worker) {
    shared_->threads.emplace_back([shared = shared_.get(), worker] { shared->worker_main(worker); });
  }
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
  }
  shared_->work_ready.notify_all();
  for (auto& thread : shared_->threads) thread.join();
}

size_t ThreadPool::threads() const { return shared_->threads.size() + 1; }

void ThreadPool::set_before_chunk(std::function<void()> before_chunk) {
  std::lock_guard lock(shared_->mutex);
  shared_->before_chunk = std::move(before_chunk);
}

void ThreadPool::parallel_for(size_t count, size_t grain, const std::function<void(size_t, size_t, size_t)>& body) {
  if (count == 0) return;
  grain = std::max<size_t>(grain, 1);
  if (shared_->threads.empty() || count <= grain) {
    for (size_t begin = 0; begin < count; begin += grain) {
      shared_->hold();
      body(begin, std::min(count, begin + grain), 0);
    }
    return;
  }
  {
    std::lock_guard lock(shared_->mutex);
    shared_->body = &body;
    shared_->count = count;
    shared_->grain = grain;
    shared_->next.store(0, std::memory_order_relaxed);
    shared_->running = shared_->threads.size();
    ++shared_->generation;
  }
  shared_->work_ready.notify_all();
  shared_->run_chunks(0);
  std::unique_lock lock(shared_->mutex);
  shared_->work_done.wait(lock, [&] { return shared_->running == 0; });
}

}  // namespace vamana
