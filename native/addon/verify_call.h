// verify(dir, threads, cancel, onProgress) of src/binding.ts.
#pragma once

#include <napi.h>

namespace vamana::addon {

Napi::Value verify_call(const Napi::CallbackInfo& info);

}  // namespace vamana::addon
