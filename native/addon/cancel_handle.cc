#include "addon/cancel_handle.h"

#include "addon/arguments.h"
#include "addon/instance.h"

namespace vamana::addon {
namespace {

// Tells our objects from any other, so that a wrong one is an error and not a wild pointer.
constexpr napi_type_tag kCancelTag = {0x6d2f8c53a1b04e97ull, 0x9b7e40d1c8256fa3ull};

}  // namespace

Napi::Function CancelHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeCancel", {InstanceMethod<&CancelHandle::cancel>("cancel")});
}

CancelHandle::CancelHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CancelHandle>(info) {
  info.This().As<Napi::Object>().TypeTag(&kCancelTag);
}

Napi::Value CancelHandle::cancel(const Napi::CallbackInfo& info) {
  flag_->cancel();
  return info.Env().Undefined();
}

Napi::Value create_cancel(const Napi::CallbackInfo& info) { return Instance::of(info.Env()).cancel_class.New({}); }

Result<std::shared_ptr<CancelFlag>> read_cancel(const Napi::Value& value, const std::string& name) {
  if (value.IsNull() || value.IsUndefined()) return std::shared_ptr<CancelFlag>();
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kCancelTag)) {
    return Status(Code::kInvalidArgument,
                  name + ": found " + describe(value) + ", expected what createCancel() returned, or null");
  }
  const CancelHandle* handle = CancelHandle::Unwrap(value.As<Napi::Object>());
  if (handle == nullptr) return Status(Code::kClosed, "the environment is going down");
  return handle->flag();
}

}  // namespace vamana::addon
