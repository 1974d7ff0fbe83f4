#include "addon/task_lane.h"

#include <utility>

#include "base/background.h"

namespace vamana::addon {

TaskLane::TaskLane(std::string name, size_t threads, size_t waiting_max, bool background)
    : name_(std::move(name)), threads_max_(threads), waiting_max_(waiting_max), background_(background) {}

TaskLane::~TaskLane() { stop(); }

Status TaskLane::post(Task task) { return enqueue(std::move(task), true); }

Status TaskLane::post_always(Task task) { return enqueue(std::move(task), false); }

Status TaskLane::enqueue(Task task, bool bounded) {
  std::lock_guard lock(mutex_);
  if (stopping_) return Status(Code::kClosed, "the environment is shutting down");
  if (bounded && running_ + waiting_.size() >= threads_max_ + waiting_max_) {
    return Status(Code::kBusy, format("%zu %s run and %zu wait, which is the most; try again when one has finished",
                                      threads_max_, name_.c_str(), waiting_max_));
  }
  waiting_.push_back(std::move(task));
  const bool all_taken = running_ + waiting_.size() > threads_.size();
  if (all_taken && threads_.size() < threads_max_) {
    threads_.emplace_back([this] { thread_main(); });
  } else {
    ready_.notify_one();
  }
  return Status();
}

void TaskLane::thread_main() {
  if (background_) enter_background();
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Task task = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    lock.unlock();
    task.work();
    task.work = nullptr;  // what it held is freed here, not under the lock
    lock.lock();
    --running_;
    lock.unlock();
    if (task.done) task.done();
    task.done = nullptr;
    lock.lock();
  }
}

void TaskLane::stop() {
  std::deque<Task> dropped;
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(waiting_);
    threads.swap(threads_);
  }
  ready_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace vamana::addon
