// A call that tells a JavaScript function how far it is: about ten times a second, and once at least for
// every stage. A function that throws cancels the call, which then rejects with what was thrown.
#pragma once

#include <napi.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "addon/async_call.h"
#include "addon/instance.h"

namespace vamana::addon {

class ProgressCall : public AsyncCall {
 public:
  // `listener` may be empty.
  ProgressCall(Napi::Env env, std::shared_ptr<CancelFlag> cancel, const Napi::Function& listener);

  void notify(Napi::Env env) override;

 protected:
  // Any thread, as often as it likes. `stage` must be a constant of the program.
  void report(std::string_view stage, uint64_t done, uint64_t total);

 private:
  struct Progress {
    std::string_view stage;
    uint64_t done = 0;
    uint64_t total = 0;
  };
  using Clock = std::chrono::steady_clock;

  void tell(Napi::Env env, const Progress& progress);

  Instance& instance_;
  const bool listened_;
  Napi::FunctionReference listener_;  // JS thread; empty once it threw

  std::mutex mutex_;               // guards all below
  std::vector<Progress> pending_;  // the newest of each stage that the JS thread has not seen
  std::string_view told_stage_;
  Clock::time_point told_at_;
  bool notified_ = false;  // notify() will come
};

}  // namespace vamana::addon
