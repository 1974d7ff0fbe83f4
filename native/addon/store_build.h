// buildSegment(parts, snapshot, options, cancel, onProgress) of a NativeStore, for a store that is open.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/open_store.h"

namespace vamana::addon {

Napi::Value build_segment_call(const Napi::CallbackInfo& info, const std::shared_ptr<OpenStore>& store);

}  // namespace vamana::addon
