// A job that waits: paused and let go, cancelled, and never faster than the limit. Only lower bounds of time are
// checked, which a slow machine cannot break.
#include "job/throttle.h"

#include <gtest/gtest.h>

#include <atomic>
#include <ctime>
#include <thread>

#include "base/background.h"

namespace vamana {
namespace {

using Clock = std::chrono::steady_clock;

TEST(Throttle, WithoutALimitNothingWaits) {
  Throttle throttle;
  const CancelFlag cancel;
  for (int i = 0; i < 1000; ++i) throttle.pass(uint64_t{1} << 40, cancel);
}

TEST(Throttle, PassesNoMoreThanTheLimit) {
  Throttle throttle;
  throttle.set_bytes_per_second(10'000'000);
  const CancelFlag cancel;
  const auto started = Clock::now();
  // 4 MB through two threads: 0.4 seconds, less the tenth that may be used at once.
  std::thread other([&] {
    for (int i = 0; i < 20; ++i) throttle.pass(100'000, cancel);
  });
  for (int i = 0; i < 20; ++i) throttle.pass(100'000, cancel);
  other.join();
  EXPECT_GE(Clock::now() - started, std::chrono::milliseconds(290));
}

TEST(Throttle, PassesNoMoreOperationsThanTheLimit) {
  Throttle throttle;
  throttle.set_operations_per_second(100);
  const CancelFlag cancel;
  const auto started = Clock::now();
  // Small requests count as one each, the large one as 20: 0.4 seconds, less the tenth that may be used at once.
  for (int i = 0; i < 20; ++i) throttle.pass(100, cancel);
  throttle.pass(20 * Throttle::kOperationBytes, cancel);
  EXPECT_GE(Clock::now() - started, std::chrono::milliseconds(290));
}

TEST(Throttle, GivesWayToSearchesForATimeAtMost) {
  Throttle throttle;
  const CancelFlag cancel;
  foreground_begins();
  throttle.before_work(cancel);
  throttle.set_yields(true);
  const auto started = Clock::now();
  throttle.before_work(cancel);
  EXPECT_GE(Clock::now() - started, Throttle::kYieldMax);
  EXPECT_EQ(foreground_quiet(), Clock::duration::zero());
  foreground_ends();
  EXPECT_EQ(foreground_calls(), 0u);
}

TEST(Throttle, AlsoShortlyAfterOneHasEnded) {
  Throttle throttle;
  throttle.set_yields(true);
  const CancelFlag cancel;
  std::this_thread::sleep_for(std::chrono::milliseconds(5));  // what a turn of the test before was
  foreground_begins();
  const auto ended = Clock::now();
  foreground_ends();
  throttle.before_work(cancel);
  EXPECT_GE(Clock::now() - ended, Throttle::kQuiet);
  EXPECT_GE(foreground_quiet(), Throttle::kQuiet);
}

TEST(Throttle, RestsFromItsWork) {
  Throttle throttle;
  throttle.set_cpu_percent(20);
  const CancelFlag cancel;
  const auto started = Clock::now();
  const std::clock_t worked_from = std::clock();
  volatile uint64_t sum = 0;
  // 30 milliseconds of work and so four times as much rest, but for the last spell's.
  while (std::clock() - worked_from < 3 * CLOCKS_PER_SEC / 100) {
    for (uint64_t i = 0; i < 20000; ++i) sum = sum + i;
    throttle.before_work(cancel);
  }
  EXPECT_GE(Clock::now() - started, std::chrono::milliseconds(100));
}

TEST(Throttle, WaitsWhilePaused) {
  Throttle throttle;
  throttle.set_paused(true);
  const CancelFlag cancel;
  std::atomic<bool> passed{false};
  std::thread waiting([&] {
    throttle.pass(1, cancel);
    passed = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  EXPECT_FALSE(passed);
  throttle.set_paused(false);
  waiting.join();
  EXPECT_TRUE(passed);
}

TEST(Throttle, ACancelEndsEveryWait) {
  Throttle paused, slow;
  paused.set_paused(true);
  slow.set_bytes_per_second(1);
  CancelFlag cancel;
  std::thread one([&] { paused.wait_while_paused(cancel); });
  std::thread two([&] { slow.pass(1'000'000, cancel); });
  cancel.cancel();
  one.join();
  two.join();
}

TEST(Throttle, AnotherLimitFreesWhatWaits) {
  Throttle throttle;
  throttle.set_bytes_per_second(1);
  const CancelFlag cancel;
  std::thread waiting([&] { throttle.pass(1'000'000, cancel); });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  throttle.set_bytes_per_second(0);
  waiting.join();
}

}  // namespace
}  // namespace vamana
