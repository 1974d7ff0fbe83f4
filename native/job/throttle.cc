#include "job/throttle.h"

#include <time.h>

#include <algorithm>
#include <thread>

#include "base/background.h"

namespace vamana {

namespace {
// How long a waiting job is deaf to a cancel, the end of a pause or another limit.
constexpr std::chrono::milliseconds kSlice(20);
// What was not used in so long a time before may be used at once.
constexpr std::chrono::milliseconds kBurst(100);
// Between two looks at whether searches are in flight still.
constexpr std::chrono::microseconds kYieldSlice(200);
// A thread that gave way in vain works at least so long before it does again: small chunks get on too.
constexpr std::chrono::microseconds kTurn(500);
thread_local std::chrono::steady_clock::time_point turn_end;
// Worked between two rests. Where it is less, rests are short and each search finds the caches as the job left them;
// this way most searches come in a long rest.
constexpr std::chrono::milliseconds kSpell(10);
// What a thread works between two chunks is not thought to be more than this: it may have come from another job.
constexpr std::chrono::milliseconds kWorkedMost(100);
thread_local std::chrono::nanoseconds rested_at{0};

// Of this thread.
std::chrono::nanoseconds processor_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}
}  // namespace

Throttle::Clock::time_point Throttle::Limit::add(uint64_t limit, uint64_t amount, Clock::time_point now) {
  if (limit == 0) return now;
  const std::chrono::duration<double> cost(static_cast<double>(amount) / static_cast<double>(limit));
  due = std::max(due, now - kBurst) + std::chrono::duration_cast<Clock::duration>(cost);
  return due;
}

void Throttle::wait_while_paused(const CancelFlag& cancel) const {
  while (paused_.load(std::memory_order_relaxed) && !cancel.cancelled()) std::this_thread::sleep_for(kSlice);
}

void Throttle::before_work(const CancelFlag& cancel) const {
  wait_while_paused(cancel);
  rest(cancel);
  yield(cancel);
}

void Throttle::rest(const CancelFlag& cancel) const {
  const uint32_t percent = cpu_percent_.load(std::memory_order_relaxed);
  if (percent >= 100) return;
  const auto worked = std::min<std::chrono::nanoseconds>(processor_time() - rested_at, kWorkedMost);
  if (worked < kSpell) return;
  const auto owed = worked * (100 - percent) / percent;
  const Clock::time_point end = Clock::now() + owed;
  for (auto left = end - Clock::now(); left > Clock::duration::zero() && !cancel.cancelled();
       left = end - Clock::now()) {
    std::this_thread::sleep_for(std::min<Clock::duration>(kSlice, left));
  }
  rested_at = processor_time();
}

void Throttle::yield(const CancelFlag& cancel) const {
  if (!yields_.load(std::memory_order_relaxed) || foreground_quiet() >= kQuiet) return;
  Clock::time_point now = Clock::now();
  if (now < turn_end) return;
  const Clock::time_point end = now + kYieldMax;
  while (foreground_quiet() < kQuiet && !cancel.cancelled()) {
    if (now >= end) {
      turn_end = now + kTurn;
      return;
    }
    std::this_thread::sleep_for(kYieldSlice);
    now = Clock::now();
  }
}

void Throttle::pass(uint64_t bytes, const CancelFlag& cancel) {
  wait_while_paused(cancel);
  const uint64_t byte_limit = bytes_.get(), operation_limit = operations_.get();
  if (byte_limit == 0 && operation_limit == 0) return;
  Clock::time_point turn;
  {
    const std::lock_guard lock(mutex_);
    const Clock::time_point now = Clock::now();
    const uint64_t operations = std::max<uint64_t>(1, (bytes + kOperationBytes - 1) / kOperationBytes);
    turn = std::max(bytes_.add(byte_limit, bytes, now), operations_.add(operation_limit, operations, now));
  }
  while (!cancel.cancelled()) {
    const Clock::time_point now = Clock::now();
    if (now >= turn) return;
    if (bytes_.get() != byte_limit || operations_.get() != operation_limit) {
      // What waits under a limit that was changed goes, and the new one counts from here.
      const std::lock_guard lock(mutex_);
      bytes_.due = operations_.due = now;
      return;
    }
    std::this_thread::sleep_for(std::min<Clock::duration>(kSlice, turn - now));
  }
}

}  // namespace vamana
