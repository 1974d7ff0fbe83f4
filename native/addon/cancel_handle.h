// The JavaScript object around one CancelFlag. Whoever works holds the flag itself, so the object may be
// collected at any time. JS thread only.
#pragma once

#include <napi.h>

#include <memory>
#include <string>

#include "base/cancel.h"
#include "base/status.h"

namespace vamana::addon {

class CancelHandle : public Napi::ObjectWrap<CancelHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit CancelHandle(const Napi::CallbackInfo& info);

  const std::shared_ptr<CancelFlag>& flag() const { return flag_; }

 private:
  Napi::Value cancel(const Napi::CallbackInfo& info);

  const std::shared_ptr<CancelFlag> flag_ = std::make_shared<CancelFlag>();
};

// createCancel()
Napi::Value create_cancel(const Napi::CallbackInfo& info);

// The flag of an object made by createCancel(); null for null and undefined; INVALID_ARGUMENT for others.
Result<std::shared_ptr<CancelFlag>> read_cancel(const Napi::Value& value, const std::string& name);

}  // namespace vamana::addon
