// openIndex(dir, options) and inspect(dir) of src/binding.ts.
#pragma once

#include <napi.h>

#include <string>

#include "addon/arguments.h"
#include "search/search_engine.h"

namespace vamana::addon {

Napi::Value open_index(const Napi::CallbackInfo& info);
// The options of an engine, which an index and a store have in common.
EngineOptions read_engine_options(Fields& fields);
// INVALID_ARGUMENT when what stands at `dir` is of another space than the store.
Status check_space(const VectorSpace& found, const VectorSpace& expected, const std::string& dir);

Napi::Value inspect(const Napi::CallbackInfo& info);

}  // namespace vamana::addon
