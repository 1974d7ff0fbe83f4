// The threads of a pread reader: a queue of reads, first come first served over all its sessions. It knows
// of batches and sessions only through the two calls of ReadTask.
//
// Thread safety: any thread. Destroying it REQUIRES that no task is queued or running.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/status.h"
#include "io/page_file.h"

namespace vamana {

// One request on its way, and where its result goes.
struct ReadTask {
  class Owner {
   public:
    // False makes the pool skip the read: nobody wants it any more.
    virtual bool wanted() const = 0;
    // Called on a pool thread when the read ended; the task may be gone afterwards, and so may the owner.
    // Returns true and fills `next` when another read of the same owner should be queued.
    virtual bool finished(const ReadTask& task, Status status, ReadTask* next) = 0;

   protected:
    ~Owner() = default;
  };

  Owner* owner = nullptr;
  PageBatch* batch = nullptr;
  PageRequest* request = nullptr;
};

class PreadPool {
 public:
  static constexpr size_t kThreads = 16;

  ~PreadPool();

  // Starts the threads at the first call. MEMORY_LIMIT when the system gives not even one.
  Status start();
  void push(std::span<const ReadTask> tasks);

 private:
  void worker_main();

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<ReadTask> queue_;
  std::vector<std::thread> threads_;
  bool stopping_ = false;
};

// Reads one request to its end on the calling thread.
Status read_request(const PageRequest& request);

}  // namespace vamana
