// Status to JavaScript: an Error whose `code` is the stable name of base/status.h. JS thread only.
#pragma once

#include <napi.h>

#include "base/status.h"

namespace vamana::addon {

// An Error with `code`; nothing is thrown. Empty when the environment is going down (deferred.h).
Napi::Value make_error(Napi::Env env, const Status& status);

// Leaves the error pending, for a function that answers at once: `return throw_status(env, status);`
Napi::Value throw_status(Napi::Env env, const Status& status);

// A promise that is already rejected, for a function that answers later: those never throw.
Napi::Value rejected(Napi::Env env, const Status& status);

// What JavaScript code called from here has thrown, taken away from the environment; its message.
std::string take_exception_message(Napi::Env env);

}  // namespace vamana::addon
