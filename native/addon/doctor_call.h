// doctor(probeDir) of src/binding.ts: what this machine offers, gathered from the layers that know.
#pragma once

#include <napi.h>

namespace vamana::addon {

Napi::Value doctor_call(const Napi::CallbackInfo& info);

}  // namespace vamana::addon
