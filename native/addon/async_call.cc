#include "addon/async_call.h"

#include "addon/errors.h"

namespace vamana::addon {

AsyncCall::AsyncCall(Napi::Env env, std::shared_ptr<CancelFlag> cancel)
    : deferred_(env), cancel_(cancel ? std::move(cancel) : std::make_shared<CancelFlag>()) {}

void AsyncCall::notify(Napi::Env) {}

Status AsyncCall::work() { return Status(Code::kInternal, "this call does its work elsewhere"); }

void AsyncCall::settle(Napi::Env env) {
  if (thrown_.has_value()) {
    deferred_.reject(thrown_->Value());
  } else if (!status_.ok()) {
    deferred_.reject(make_error(env, status_));
  } else {
    const Napi::Value value = result(env);
    if (env.IsExceptionPending()) {  // such as no memory for the result
      deferred_.reject(env.GetAndClearPendingException().Value());
    } else {
      deferred_.resolve(value);
    }
  }
  if (on_settled_) on_settled_();
}

}  // namespace vamana::addon
