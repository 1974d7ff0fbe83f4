#include "io/pread_pool.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/check.h"

namespace vamana {

Status read_request(const PageRequest& request) {
  const PageFile& file = *request.file;
  const uint64_t offset = request_offset(request);
  ReadProgress progress(request_bytes(request), file.alignment());
  for (;;) {
    const ssize_t got = ::pread(file.file.fd(), request.buffer + progress.position(), progress.remaining(),
                                static_cast<off_t>(offset + progress.position()));
    switch (progress.advance(got < 0 ? -errno : got)) {
      case ReadProgress::Step::kDone:
        return Status();
      case ReadProgress::Step::kAgain:
        break;
      case ReadProgress::Step::kFailed:
        return progress.failure(file.path(), offset);
    }
  }
}

PreadPool::~PreadPool() {
  {
    std::lock_guard lock(mutex_);
    VAMANA_CHECK(queue_.empty());
    stopping_ = true;
  }
  ready_.notify_all();
  for (auto& thread : threads_) thread.join();
}

Status PreadPool::start() {
  std::lock_guard lock(mutex_);
  if (!threads_.empty()) return Status();
  try {
    while (threads_.size() < kThreads) threads_.emplace_back([this] { worker_main(); });
  } catch (const std::system_error& error) {
    // Fewer threads read more slowly, but they read.
    if (threads_.empty()) {
      return Status(Code::kMemoryLimit, std::string("no thread for reading: ") + error.what());
    }
  }
  return Status();
}

void PreadPool::push(std::span<const ReadTask> tasks) {
  {
    std::lock_guard lock(mutex_);
    queue_.insert(queue_.end(), tasks.begin(), tasks.end());
  }
  if (tasks.size() >= kThreads) {
    ready_.notify_all();
  } else {
    for (size_t i = 0; i < tasks.size(); ++i) ready_.notify_one();
  }
}

void PreadPool::worker_main() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const ReadTask task = queue_.front();
    queue_.pop_front();
    lock.unlock();
    Status status = task.owner->wanted() ? read_request(*task.request) : Status(Code::kClosed, "session closed");
    ReadTask next;
    const bool more = task.owner->finished(task, std::move(status), &next);
    lock.lock();
    // This thread takes it or a free one does; either way it stands behind the reads of other sessions.
    if (more) queue_.push_back(next);
  }
}

}  // namespace vamana
