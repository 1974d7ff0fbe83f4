// The JavaScript object around one Throttle: NativeThrottle of src/binding.ts. Whoever works holds the throttle itself,
// so the object may be collected at any time. JS thread only.
#pragma once

#include <napi.h>

#include <memory>
#include <string>

#include "base/status.h"
#include "job/throttle.h"

namespace vamana::addon {

class ThrottleHandle : public Napi::ObjectWrap<ThrottleHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit ThrottleHandle(const Napi::CallbackInfo& info);

  const std::shared_ptr<Throttle>& throttle() const { return throttle_; }

 private:
  Napi::Value set_bytes_per_second(const Napi::CallbackInfo& info);
  Napi::Value set_operations_per_second(const Napi::CallbackInfo& info);
  Napi::Value set_cpu_percent(const Napi::CallbackInfo& info);
  Napi::Value set_paused(const Napi::CallbackInfo& info);
  Napi::Value set_yields(const Napi::CallbackInfo& info);

  const std::shared_ptr<Throttle> throttle_ = std::make_shared<Throttle>();
};

// createThrottle()
Napi::Value create_throttle(const Napi::CallbackInfo& info);

// The throttle of an object made by createThrottle(); null for null and undefined; INVALID_ARGUMENT for others.
Result<std::shared_ptr<Throttle>> read_throttle(const Napi::Value& value, const std::string& name);

}  // namespace vamana::addon
