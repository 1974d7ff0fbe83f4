#include "base/background.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace vamana {

namespace {
constexpr int kNice = 10;
std::atomic<uint32_t> g_foreground{0};
}  // namespace

// Where the system refuses either the thread works on as any other.
void enter_background() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNice);
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_BATCH, &none);
}

void foreground_begins() { g_foreground.fetch_add(1, std::memory_order_relaxed); }
void foreground_ends() { g_foreground.fetch_sub(1, std::memory_order_relaxed); }
uint32_t foreground_calls() { return g_foreground.load(std::memory_order_relaxed); }

}  // namespace vamana
