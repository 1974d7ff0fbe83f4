// Telling the addon's own objects from any other, so that a wrong one is an error and not a wild pointer. JS thread
// only.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "addon/arguments.h"
#include "base/status.h"

namespace vamana::addon {

// The handle behind an object of class Handle, which has a kTag and a kName ("what createDelta() returned").
template <typename Handle>
Result<Handle*> read_handle(const Napi::Value& value, const std::string& name) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&Handle::kTag)) {
    return Status(Code::kInvalidArgument,
                  name + ": found " + describe(value) + ", expected what " + Handle::kMaker + " returned");
  }
  Handle* const handle = Handle::Unwrap(value.As<Napi::Object>());
  if (handle == nullptr) return Status(Code::kClosed, "the environment is going down");
  return handle;
}

// The parts behind an array of handles; CLOSED when one of them is closed. Handle::part() gives a shared_ptr.
template <typename Handle>
Result<std::vector<typename Handle::Part>> read_parts(const Napi::Value& value, const std::string& name,
                                                      const void* store) {
  if (!value.IsArray()) {
    return Status(Code::kInvalidArgument, name + ": found " + describe(value) + ", expected an array");
  }
  const auto array = value.As<Napi::Array>();
  std::vector<typename Handle::Part> parts;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const std::string at = name + "[" + std::to_string(i) + "]";
    VAMANA_ASSIGN(const Napi::Value element, read_element(array, i, at));
    VAMANA_ASSIGN(Handle* const handle, read_handle<Handle>(element, at));
    if (handle->part() == nullptr) return Status(Code::kClosed, at + ": it was closed");
    if (handle->store() != store) return Status(Code::kInvalidArgument, at + ": it belongs to another store");
    parts.push_back(handle->part());
  }
  return parts;
}

}  // namespace vamana::addon
