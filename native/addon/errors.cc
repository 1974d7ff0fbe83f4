#include "addon/errors.h"

namespace vamana::addon {

Napi::Value make_error(Napi::Env env, const Status& status) {
  Napi::Error error = Napi::Error::New(env, status.message());
  Napi::Object value = error.Value();
  // Writing a data property on a fresh Error runs no code of the user's.
  value.DefineProperty(Napi::PropertyDescriptor::Value(
      "code", Napi::String::New(env, std::string(code_name(status.code()))), napi_default_jsproperty));
  return value;
}

Napi::Value throw_status(Napi::Env env, const Status& status) {
  napi_throw(env, make_error(env, status));
  return env.Undefined();
}

Napi::Value rejected(Napi::Env env, const Status& status) {
  Napi::Promise::Deferred deferred = Napi::Promise::Deferred::New(env);
  deferred.Reject(make_error(env, status));
  return deferred.Promise();
}

std::string take_exception_message(Napi::Env env) {
  if (!env.IsExceptionPending()) return "an unknown error";
  return env.GetAndClearPendingException().Message();
}

}  // namespace vamana::addon
