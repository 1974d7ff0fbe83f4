// openIndex(dir, options) and inspect(dir) of src/binding.ts.
#pragma once

#include <napi.h>

namespace vamana::addon {

Napi::Value open_index(const Napi::CallbackInfo& info);
Napi::Value inspect(const Napi::CallbackInfo& info);

}  // namespace vamana::addon
