#include "job/throttle.h"

#include <algorithm>
#include <thread>

namespace vamana {

namespace {
// How long a waiting job is deaf to a cancel, the end of a pause or another limit.
constexpr std::chrono::milliseconds kSlice(20);
// What was not used in so long a time before may be used at once.
constexpr std::chrono::milliseconds kBurst(100);
}  // namespace

void Throttle::wait_while_paused(const CancelFlag& cancel) const {
  while (paused_.load(std::memory_order_relaxed) && !cancel.cancelled()) std::this_thread::sleep_for(kSlice);
}

void Throttle::pass(uint64_t bytes, const CancelFlag& cancel) {
  wait_while_paused(cancel);
  const uint64_t limit = bytes_per_second_.load(std::memory_order_relaxed);
  if (limit == 0) return;
  Clock::time_point turn;
  {
    const std::lock_guard lock(mutex_);
    const Clock::time_point now = Clock::now();
    const std::chrono::duration<double> cost(static_cast<double>(bytes) / static_cast<double>(limit));
    due_ = std::max(due_, now - kBurst) + std::chrono::duration_cast<Clock::duration>(cost);
    turn = due_;
  }
  while (!cancel.cancelled()) {
    const Clock::time_point now = Clock::now();
    if (now >= turn) return;
    if (bytes_per_second_.load(std::memory_order_relaxed) != limit) {
      // What waits under a limit that was changed goes, and the new one counts from here.
      const std::lock_guard lock(mutex_);
      due_ = now;
      return;
    }
    std::this_thread::sleep_for(std::min<Clock::duration>(kSlice, turn - now));
  }
}

}  // namespace vamana
