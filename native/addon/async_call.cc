#include "addon/async_call.h"

#include "addon/errors.h"

namespace vamana::addon {

AsyncCall::AsyncCall(Napi::Env env, std::shared_ptr<CancelFlag> cancel)
    : deferred_(Napi::Promise::Deferred::New(env)),
      cancel_(cancel ? std::move(cancel) : std::make_shared<CancelFlag>()) {}

void AsyncCall::notify(Napi::Env) {}

Status AsyncCall::work() { return Status(Code::kInternal, "this call does its work elsewhere"); }

void AsyncCall::settle(Napi::Env env) {
  Napi::Value value;
  bool resolved = status_.ok() && !thrown_.has_value();
  if (resolved) {
    value = result(env);
    if (env.IsExceptionPending()) {  // such as no memory for the result
      value = env.GetAndClearPendingException().Value();
      resolved = false;
    }
  } else {
    value = thrown_.has_value() ? thrown_->Value() : make_error(env, status_);
  }
  // In an environment that is going down these are refused, and nobody waits for the answer.
  if (!value.IsEmpty()) {
    if (resolved) {
      deferred_.Resolve(value);
    } else {
      deferred_.Reject(value);
    }
  }
  if (on_settled_) on_settled_();
}

}  // namespace vamana::addon
