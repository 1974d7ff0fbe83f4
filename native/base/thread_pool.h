// A fixed set of threads for data-parallel loops (build, codec training, checksum verification).
//
// Thread safety: parallel_for may be called from one thread at a time; the callback runs on the pool's
// threads and on the caller. Which thread runs which chunk is not fixed, so a callback must write only
// to places named by its range: that is what makes one thread and many give the same bytes.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace vamana {

class ThreadPool {
 public:
  // `threads` >= 1 counts the caller; threads - 1 are started, of the caller's priority (base/background.h).
  explicit ThreadPool(size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t threads() const;

  // Called by every thread before each of its chunks, so that a job can be held up between two of them. Not while a
  // loop runs.
  void set_before_chunk(std::function<void()> before_chunk);

  // Calls body(begin, end, worker) over [0, count) in chunks of at most `grain`; worker < threads() and
  // is distinct among concurrent calls, so it can index scratch. Returns when all have run.
  void parallel_for(size_t count, size_t grain, const std::function<void(size_t, size_t, size_t)>& body);

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace vamana
