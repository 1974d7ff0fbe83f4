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
  // Not through Napi::Error::Message(), which fails for what is no object.
  napi_value thrown = nullptr;
  if (napi_get_and_clear_last_exception(env, &thrown) != napi_ok) return "an unknown error";
  Napi::Value message(env, thrown);
  if (message.IsObject()) message = message.As<Napi::Object>().Get("message");
  if (env.IsExceptionPending()) {  // the message is a getter that throws, too
    napi_get_and_clear_last_exception(env, &thrown);
    return "an error without a readable message";
  }
  return message.IsString() ? message.As<Napi::String>().Utf8Value() : "a value that is no error";
}

}  // namespace vamana::addon
