// A bounded queue of tasks and the few threads that run them: where everything happens that must not
// block the JS thread and is not a search. Knows nothing of JavaScript.
//
// Threads start when first needed and idle until stop(). Thread safety: post() from any thread; stop()
// from one, once.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"

namespace vamana::addon {

class TaskLane {
 public:
  struct Task {
    std::function<void()> work;
    // Runs after it on the same thread, when the task's place in the queue is free already: whoever is told
    // of its end here can post the next one without finding the lane full. May be empty.
    std::function<void()> done;
  };

  // At most `threads` tasks run and `waiting_max` wait; `name` is for messages. In the `background` they, and the
  // threads that they start, give way to searches (base/background.h).
  TaskLane(std::string name, size_t threads, size_t waiting_max, bool background);
  ~TaskLane();
  TaskLane(const TaskLane&) = delete;
  TaskLane& operator=(const TaskLane&) = delete;

  // BUSY when the queue is full, CLOSED after stop().
  Status post(Task task);
  // As post(), never BUSY: for closing, which may not be refused.
  Status post_always(Task task);
  // Drops the tasks that wait, waits for those that run, ends the threads.
  void stop();

 private:
  Status enqueue(Task task, bool bounded);
  void thread_main();

  const std::string name_;
  const size_t threads_max_;
  const size_t waiting_max_;
  const bool background_;

  std::mutex mutex_;  // guards all below
  std::condition_variable ready_;
  std::deque<Task> waiting_;
  std::vector<std::thread> threads_;
  size_t running_ = 0;
  bool stopping_ = false;
};

}  // namespace vamana::addon
