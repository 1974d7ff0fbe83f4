#include "addon/errors.h"

#include "addon/deferred.h"

namespace vamana::addon {

Napi::Value make_error(Napi::Env env, const Status& status) {
  // Not through Napi::Error, which ends the process when the environment is going down.
  napi_value error = nullptr;
  napi_create_error(env, Napi::String::New(env, std::string(code_name(status.code()))),
                    Napi::String::New(env, status.message()), &error);
  return Napi::Value(env, error);
}

Napi::Value throw_status(Napi::Env env, const Status& status) {
  const Napi::Value error = make_error(env, status);
  if (!error.IsEmpty()) napi_throw(env, error);
  return env.Undefined();
}

Napi::Value rejected(Napi::Env env, const Status& status) {
  const Deferred deferred(env);
  deferred.reject(make_error(env, status));
  return deferred.promise();
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
