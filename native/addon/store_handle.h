// The JavaScript object around an OpenStore: NativeStore of src/binding.ts. JS thread only.
//
// States: open; closing (close() was called: every method of the store and its parts answers CLOSED, calls in flight
// go on); closed. A store that is collected without close() stays open as long as one of its parts is.
//
// The memory of a store and its parts is not reported to V8: they are closed, not collected, so no collection would
// free any of it, but with every report V8 marks for up to 5 ms on this thread, where searches wait.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/open_store.h"

namespace vamana::addon {

class StoreHandle : public Napi::ObjectWrap<StoreHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  // createStore(options)
  static Napi::Value create(const Napi::CallbackInfo& info);
  // A handle without a store is closed: that is all a caller's own `new` gets.
  explicit StoreHandle(const Napi::CallbackInfo& info);
  ~StoreHandle() override = default;

 private:
  Napi::Value open_segment(const Napi::CallbackInfo& info);
  Napi::Value create_delta(const Napi::CallbackInfo& info);
  Napi::Value create_snapshot(const Napi::CallbackInfo& info);
  Napi::Value create_row_filter(const Napi::CallbackInfo& info);
  Napi::Value build_segment(const Napi::CallbackInfo& info);
  Napi::Value plan_merge(const Napi::CallbackInfo& info);
  Napi::Value merge_segments(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  Status ready() const;

  std::shared_ptr<OpenStore> store_;
};

}  // namespace vamana::addon
