// planBuild(options) and build(options, cancel, onProgress) of src/binding.ts.
#pragma once

#include <napi.h>

namespace vamana::addon {

Napi::Value plan_build_call(const Napi::CallbackInfo& info);
Napi::Value build_call(const Napi::CallbackInfo& info);

}  // namespace vamana::addon
