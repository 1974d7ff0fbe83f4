// The JavaScript object around a FileLock: NativeLock of src/binding.ts. JS thread only. One that is collected lets
// go of the lock.
#pragma once

#include <napi.h>

#include <optional>

#include "io/file_lock.h"

namespace vamana::addon {

class LockHandle : public Napi::ObjectWrap<LockHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  // lockFile(path)
  static Napi::Value create(const Napi::CallbackInfo& info);
  explicit LockHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value release(const Napi::CallbackInfo& info);

  std::optional<FileLock> lock_;
};

}  // namespace vamana::addon
