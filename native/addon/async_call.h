// One call that answers with a promise. The contract, for every such call of the addon:
//
//   hook          thread                  may touch JS values
//   constructor   JS thread               yes
//   work()        a thread of a lane      no   (searches: the engine's workers fill the call instead)
//   notify()      JS thread               yes  (after Instance::notify(), any number of times)
//   result()      JS thread               yes  (only when work succeeded)
//   destructor    JS thread               yes  (also at the end of an environment: promise unsettled)
//
// work() happens before result(). The Instance owns every call in flight and others hold plain pointers;
// it deletes a call after settling it, or at the end of the environment, when no thread can reach it any
// more. What a handle must know about its calls (closing waits for them) it learns from `on_settled`,
// which runs on the JS thread after the promise settled, and not when the environment ends.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <optional>

#include "addon/deferred.h"
#include "base/cancel.h"
#include "base/status.h"

namespace vamana::addon {

class AsyncCall {
 public:
  // `cancel` is raised by the caller, and when the environment ends; null makes a flag of its own.
  AsyncCall(Napi::Env env, std::shared_ptr<CancelFlag> cancel);
  virtual ~AsyncCall() = default;
  AsyncCall(const AsyncCall&) = delete;
  AsyncCall& operator=(const AsyncCall&) = delete;

  const Deferred& deferred() const { return deferred_; }
  const std::shared_ptr<CancelFlag>& cancel() const { return cancel_; }
  void on_settled(std::function<void()> hook) { on_settled_ = std::move(hook); }

  // Runs work() and keeps its status.
  void run() { status_ = work(); }
  // The status of work that was done elsewhere; before the call is handed to Instance::finished().
  void set_status(Status status) { status_ = std::move(status); }

  virtual void notify(Napi::Env env);

  // JS thread, once: resolves or rejects the promise.
  void settle(Napi::Env env);

 protected:
  virtual Status work();
  // What the promise resolves with; empty when it could not be made.
  virtual Napi::Value result(Napi::Env env) = 0;

  // JS thread: whatever comes of the work, the promise will reject with what the user's code threw.
  void reject_with(Napi::Error thrown) { thrown_ = std::move(thrown); }

 private:
  const Deferred deferred_;
  const std::shared_ptr<CancelFlag> cancel_;
  std::function<void()> on_settled_;
  Status status_;
  std::optional<Napi::Error> thrown_;
};

// A call whose work is one function from nothing to a T, and whose result is one from T to a JS value.
template <typename T>
class SimpleCall final : public AsyncCall {
 public:
  using Work = std::function<Result<T>(const CancelFlag& cancel)>;
  using Convert = std::function<Napi::Value(Napi::Env env, T& value)>;

  SimpleCall(Napi::Env env, std::shared_ptr<CancelFlag> cancel, Work work, Convert convert)
      : AsyncCall(env, std::move(cancel)), work_(std::move(work)), convert_(std::move(convert)) {}

 protected:
  Status work() override {
    const Work work = std::move(work_);  // so that what it holds is freed here, not on the JS thread
    Result<T> outcome = work(*cancel());
    if (!outcome.ok()) return outcome.status();
    value_ = std::move(outcome).value();
    return Status();
  }
  Napi::Value result(Napi::Env env) override { return convert_(env, *value_); }

 private:
  Work work_;
  const Convert convert_;
  std::optional<T> value_;
};

}  // namespace vamana::addon
