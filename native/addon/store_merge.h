// planMerge(parts, snapshot, options) and mergeSegments(parts, snapshot, options, throttle, cancel, onProgress) of a
// NativeStore, for a store that is open.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/open_store.h"

namespace vamana::addon {

Napi::Value plan_merge_call(const Napi::CallbackInfo& info, const std::shared_ptr<OpenStore>& store);
Napi::Value merge_segments_call(const Napi::CallbackInfo& info, const std::shared_ptr<OpenStore>& store);

}  // namespace vamana::addon
