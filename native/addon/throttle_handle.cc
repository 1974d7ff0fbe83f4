#include "addon/throttle_handle.h"

#include "addon/arguments.h"
#include "addon/errors.h"
#include "addon/instance.h"

namespace vamana::addon {
namespace {

// Tells our objects from any other, so that a wrong one is an error and not a wild pointer.
constexpr napi_type_tag kThrottleTag = {0x52c9d10e7fb34a86ull, 0xb4071ed95ac8632full};

}  // namespace

Napi::Function ThrottleHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeThrottle",
                     {InstanceMethod<&ThrottleHandle::set_bytes_per_second>("setBytesPerSecond"),
                      InstanceMethod<&ThrottleHandle::set_operations_per_second>("setOperationsPerSecond"),
                      InstanceMethod<&ThrottleHandle::set_cpu_percent>("setCpuPercent"),
                      InstanceMethod<&ThrottleHandle::set_paused>("setPaused"),
                      InstanceMethod<&ThrottleHandle::set_yields>("setYields")});
}

ThrottleHandle::ThrottleHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ThrottleHandle>(info) {
  info.This().As<Napi::Object>().TypeTag(&kThrottleTag);
}

Napi::Value ThrottleHandle::set_bytes_per_second(const Napi::CallbackInfo& info) {
  const Result<uint64_t> bytes = read_integer(info[0], "bytes", 0, kMaxSafeInteger);
  if (!bytes.ok()) return throw_status(info.Env(), bytes.status());
  throttle_->set_bytes_per_second(bytes.value());
  return info.Env().Undefined();
}

Napi::Value ThrottleHandle::set_operations_per_second(const Napi::CallbackInfo& info) {
  const Result<uint64_t> count = read_integer(info[0], "operations", 0, kMaxSafeInteger);
  if (!count.ok()) return throw_status(info.Env(), count.status());
  throttle_->set_operations_per_second(count.value());
  return info.Env().Undefined();
}

Napi::Value ThrottleHandle::set_cpu_percent(const Napi::CallbackInfo& info) {
  const Result<uint64_t> percent = read_integer(info[0], "percent", 1, 100);
  if (!percent.ok()) return throw_status(info.Env(), percent.status());
  throttle_->set_cpu_percent(static_cast<uint32_t>(percent.value()));
  return info.Env().Undefined();
}

Napi::Value ThrottleHandle::set_yields(const Napi::CallbackInfo& info) {
  const Result<bool> yields = read_boolean(info[0], "yields");
  if (!yields.ok()) return throw_status(info.Env(), yields.status());
  throttle_->set_yields(yields.value());
  return info.Env().Undefined();
}

Napi::Value ThrottleHandle::set_paused(const Napi::CallbackInfo& info) {
  const Result<bool> paused = read_boolean(info[0], "paused");
  if (!paused.ok()) return throw_status(info.Env(), paused.status());
  throttle_->set_paused(paused.value());
  return info.Env().Undefined();
}

Napi::Value create_throttle(const Napi::CallbackInfo& info) { return Instance::of(info.Env()).throttle_class.New({}); }

Result<std::shared_ptr<Throttle>> read_throttle(const Napi::Value& value, const std::string& name) {
  if (value.IsNull() || value.IsUndefined()) return std::shared_ptr<Throttle>();
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kThrottleTag)) {
    return Status(Code::kInvalidArgument,
                  name + ": found " + describe(value) + ", expected what createThrottle() returned, or null");
  }
  const ThrottleHandle* handle = ThrottleHandle::Unwrap(value.As<Napi::Object>());
  if (handle == nullptr) return Status(Code::kClosed, "the environment is going down");
  return handle->throttle();
}

}  // namespace vamana::addon
