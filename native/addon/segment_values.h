// NativeSegmentInfo and NativeIndexStats of src/binding.ts, from what the engines tell. JS thread only.
#pragma once

#include <napi.h>

#include "addon/open_store.h"
#include "search/search_engine.h"
#include "segment/describe.h"

namespace vamana::addon {

Napi::Object segment_info(Napi::Env env, const SegmentDescription& segment);
Napi::Object index_stats(Napi::Env env, const SearchEngine& engine, uint32_t threads);

// NativeStoreStats of src/binding.ts.
Napi::Object store_stats(Napi::Env env, OpenStore& store);

}  // namespace vamana::addon
