// The JavaScript object around a delta: NativeDelta of src/binding.ts. JS thread only.
//
// States: open; frozen (append() is refused); closed. The delta itself lives on while a snapshot or a build has it.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/open_store.h"

namespace vamana::addon {

class DeltaHandle : public Napi::ObjectWrap<DeltaHandle> {
 public:
  using Part = std::shared_ptr<Delta>;
  static constexpr napi_type_tag kTag = {0x81d3e0f6247b4a9cull, 0xb52f6e11d08c7390ull};
  static constexpr const char* kMaker = "createDelta()";

  static Napi::Function define(Napi::Env env);
  static Napi::Value make(Napi::Env env, std::shared_ptr<OpenStore> store, Part delta);
  explicit DeltaHandle(const Napi::CallbackInfo& info);
  ~DeltaHandle() override;

  const Part& part() const { return delta_; }
  const void* store() const { return store_.get(); }

 private:
  Napi::Value append(const Napi::CallbackInfo& info);
  Napi::Value freeze(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value linked(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  Status ready() const;
  Status append_rows(const Napi::CallbackInfo& info);
  void let_go();

  std::shared_ptr<OpenStore> store_;
  Part delta_;
};

}  // namespace vamana::addon
