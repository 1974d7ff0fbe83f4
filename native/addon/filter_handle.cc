#include "addon/filter_handle.h"

#include <utility>

#include "addon/arguments.h"
#include "addon/errors.h"
#include "addon/handles.h"
#include "addon/instance.h"
#include "addon/values.h"

namespace vamana::addon {

Napi::Function FilterHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeRowFilter", {InstanceMethod<&FilterHandle::close>("close")});
}

FilterHandle::FilterHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<FilterHandle>(info) {
  info.This().As<Napi::Object>().TypeTag(&kTag);
}

Napi::Value FilterHandle::create(const Napi::CallbackInfo& info, const std::shared_ptr<OpenStore>& store) {
  const Napi::Env env = info.Env();
  const Result<std::span<const uint8_t>> bytes = read_bytes(info[0], "rows");
  if (!bytes.ok()) return throw_status(env, bytes.status());
  Result<std::shared_ptr<const RowFilter>> filter = RowFilter::parse(bytes.value());
  if (!filter.ok()) return throw_status(env, filter.status());
  Napi::Object object = Instance::of(env).filter_class.New({});
  FilterHandle* const handle = object.IsEmpty() ? nullptr : Unwrap(object);
  if (handle == nullptr) return Napi::Value();
  object.DefineProperty(Napi::PropertyDescriptor::Value("count", to_js(env, filter.value()->count()), napi_enumerable));
  if (env.IsExceptionPending()) return Napi::Value();
  handle->store_ = store.get();
  handle->filter_ = std::move(filter).value();
  return object;
}

Napi::Value FilterHandle::close(const Napi::CallbackInfo& info) {
  filter_.reset();
  return info.Env().Undefined();
}

Result<std::shared_ptr<const RowFilter>> read_filter(const Napi::Value& value, const std::string& name,
                                                     const void* store) {
  if (value.IsNull() || value.IsUndefined()) return std::shared_ptr<const RowFilter>();
  VAMANA_ASSIGN(const FilterHandle* const handle, read_handle<FilterHandle>(value, name));
  if (handle->filter() == nullptr) return Status(Code::kClosed, name + ": it was closed");
  if (handle->store() != store) return Status(Code::kInvalidArgument, name + ": it belongs to another store");
  return handle->filter();
}

}  // namespace vamana::addon
