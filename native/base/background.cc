#include "base/background.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace vamana {

namespace {
constexpr int kNice = 10;
using Clock = std::chrono::steady_clock;
std::atomic<uint32_t> g_foreground{0};
std::atomic<Clock::rep> g_last_end{0};
}  // namespace

// Where the system refuses either the thread works on as any other.
void enter_background() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNice);
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_BATCH, &none);
}

void foreground_begins() { g_foreground.fetch_add(1, std::memory_order_relaxed); }
void foreground_ends() {
  g_last_end.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
  g_foreground.fetch_sub(1, std::memory_order_relaxed);
}
uint32_t foreground_calls() { return g_foreground.load(std::memory_order_relaxed); }
Clock::duration foreground_quiet() {
  if (foreground_calls() > 0) return Clock::duration::zero();
  return Clock::now().time_since_epoch() - Clock::duration(g_last_end.load(std::memory_order_relaxed));
}

}  // namespace vamana
