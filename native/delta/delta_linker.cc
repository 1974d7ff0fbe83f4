#include "delta/delta_linker.h"

#include <chrono>
#include <utility>

#include "base/background.h"

namespace vamana {

namespace {
// Rows of one delta before the next has its turn and a wish to stop is noticed.
constexpr uint32_t kTurnRows = 32;
constexpr auto kLinkedElsewhereWait = std::chrono::milliseconds(1);
}  // namespace

DeltaLinker::DeltaLinker() : thread_([this] { main(); }) {}

void DeltaLinker::add(const std::shared_ptr<Delta>& delta) {
  {
    const std::lock_guard lock(mutex_);
    added_.push_back(delta);
    pending_ = true;
  }
  work_.notify_one();
}

void DeltaLinker::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (pending_) return;
    pending_ = true;
  }
  work_.notify_one();
}

void DeltaLinker::close() {
  {
    const std::lock_guard lock(mutex_);
    stopping_.store(true, std::memory_order_relaxed);
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void DeltaLinker::main() {
  enter_background();
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [&] { return pending_ || stopping_.load(std::memory_order_relaxed); });
    if (stopping_.load(std::memory_order_relaxed)) return;
    pending_ = false;
    for (std::weak_ptr<Delta>& delta : added_) deltas_.push_back(std::move(delta));
    added_.clear();
    lock.unlock();
    while (link_round()) {
    }
    lock.lock();
  }
}

// A turn for every delta; false when none had anything to link, or the thread is to stop.
bool DeltaLinker::link_round() {
  bool linked = false, elsewhere = false;
  for (size_t i = 0; i < deltas_.size();) {
    const std::shared_ptr<Delta> delta = deltas_[i].lock();
    if (delta == nullptr || (delta->frozen() && delta->linked() == delta->rows())) {
      std::swap(deltas_[i], deltas_.back());
      deltas_.pop_back();
      continue;
    }
    if (stopping_.load(std::memory_order_relaxed)) return false;
    if (delta->link_some(kTurnRows) > 0) {
      linked = true;
    } else {
      elsewhere |= delta->linked() < delta->rows();
    }
    ++i;
  }
  // Another thread is linking, and may leave before it comes to the last row.
  if (elsewhere && !linked) std::this_thread::sleep_for(kLinkedElsewhereWait);
  return linked || elsewhere;
}

}  // namespace vamana
