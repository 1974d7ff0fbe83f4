#include "addon/lock_handle.h"

#include "addon/arguments.h"
#include "addon/errors.h"
#include "addon/instance.h"

namespace vamana::addon {

Napi::Function LockHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeLock", {InstanceMethod<&LockHandle::release>("release")});
}

LockHandle::LockHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<LockHandle>(info) {}

Napi::Value LockHandle::create(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Result<std::string> path = read_path(info[0], "path");
  if (!path.ok()) return throw_status(env, path.status());
  Result<FileLock> lock = FileLock::acquire(path.value());
  if (!lock.ok()) return throw_status(env, lock.status());
  const Napi::Object object = Instance::of(env).lock_class.New({});
  LockHandle* handle = object.IsEmpty() ? nullptr : Unwrap(object);
  if (handle != nullptr) handle->lock_ = std::move(lock).value();
  return object;
}

Napi::Value LockHandle::release(const Napi::CallbackInfo& info) {
  lock_.reset();
  return info.Env().Undefined();
}

}  // namespace vamana::addon
