// A promise and the two ways to settle it, in an environment that may be going down under it.
//
// A worker can be terminated by another thread at any moment. From then on every call into JavaScript is
// refused without an exception, and what it should have made is empty. So in the addon nothing that such a
// call returns is used before a look at IsEmpty(), and here nothing is: in an environment that ends there may
// be no promise, and settling may be refused; nobody waits any more. JS thread only.
#pragma once

#include <napi.h>

namespace vamana::addon {

class Deferred {
 public:
  explicit Deferred(Napi::Env env) : env_(env) {
    if (napi_create_promise(env, &deferred_, &promise_) != napi_ok) deferred_ = nullptr;
  }

  Napi::Env env() const { return env_; }
  // Valid within the handle scope of the constructor; empty when there is no promise.
  Napi::Value promise() const { return Napi::Value(env_, deferred_ != nullptr ? promise_ : nullptr); }

  // Once, either. An empty value stands for what could not be made any more.
  void resolve(const Napi::Value& value) const {
    if (deferred_ != nullptr && !value.IsEmpty()) napi_resolve_deferred(env_, deferred_, value);
  }
  void reject(const Napi::Value& reason) const {
    if (deferred_ != nullptr && !reason.IsEmpty()) napi_reject_deferred(env_, deferred_, reason);
  }

 private:
  Napi::Env env_;
  napi_deferred deferred_ = nullptr;
  napi_value promise_ = nullptr;
};

}  // namespace vamana::addon
