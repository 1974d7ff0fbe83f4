#include "base/background.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

namespace vamana {
namespace {

struct Scheduling {
  int nice = 0;
  int policy = 0;
};

Scheduling of_this_thread() {
  return {::getpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid))), ::sched_getscheduler(0)};
}

TEST(Background, AThreadAndThoseItStartsGiveWay) {
  Scheduling own, inner;
  std::thread([&] {
    enter_background();
    own = of_this_thread();
    std::thread([&] { inner = of_this_thread(); }).join();
  }).join();
  for (const Scheduling& found : {own, inner}) {
    EXPECT_GE(found.nice, 10);
    EXPECT_EQ(found.policy, SCHED_BATCH);
  }
}

TEST(Background, OtherThreadsStayAsTheyAre) {
  const Scheduling before = of_this_thread();
  std::thread(enter_background).join();
  EXPECT_EQ(of_this_thread().nice, before.nice);
  EXPECT_EQ(of_this_thread().policy, before.policy);
}

}  // namespace
}  // namespace vamana
