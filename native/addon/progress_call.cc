#include "addon/progress_call.h"

#include <utility>

#include "addon/values.h"

namespace vamana::addon {
namespace {

constexpr std::chrono::milliseconds kInterval(100);

}  // namespace

ProgressCall::ProgressCall(Napi::Env env, std::shared_ptr<CancelFlag> cancel, const Napi::Function& listener)
    : AsyncCall(env, std::move(cancel)), instance_(Instance::of(env)), listened_(!listener.IsEmpty()) {
  if (listened_) listener_ = Napi::Persistent(listener);
}

void ProgressCall::report(std::string_view stage, uint64_t done, uint64_t total) {
  if (!listened_) return;
  const Clock::time_point now = Clock::now();
  std::lock_guard lock(mutex_);
  if (pending_.empty() || pending_.back().stage != stage) pending_.emplace_back();
  pending_.back() = {stage, done, total};
  const bool due = now - told_at_ >= kInterval || stage != told_stage_ || done == total;
  if (notified_ || !due) return;
  notified_ = true;
  told_at_ = now;
  told_stage_ = stage;
  instance_.notify(this);
}

void ProgressCall::notify(Napi::Env env) {
  std::vector<Progress> taken;
  {
    std::lock_guard lock(mutex_);
    taken.swap(pending_);
    notified_ = false;
  }
  for (const Progress& progress : taken) tell(env, progress);
}

void ProgressCall::tell(Napi::Env env, const Progress& progress) {
  if (listener_.IsEmpty()) return;
  Napi::Object argument = Napi::Object::New(env);
  set(argument, "stage", progress.stage);
  set(argument, "done", progress.done);
  set(argument, "total", progress.total);
  listener_.Call({argument});
  if (!env.IsExceptionPending()) return;
  reject_with(env.GetAndClearPendingException());
  listener_.Reset();
  cancel()->cancel();
}

}  // namespace vamana::addon
