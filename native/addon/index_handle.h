// The JavaScript object around an OpenIndex: NativeIndex of src/binding.ts. JS thread only.
//
// States: open; closing (close() was called: every method answers CLOSED, calls in flight go on); closed.
// While a call is in flight the object is held, so only an idle one is collected; one collected without
// close() closes in the background.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "addon/async_call.h"
#include "addon/instance.h"
#include "addon/open_index.h"

namespace vamana::addon {

class IndexHandle : public Napi::ObjectWrap<IndexHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  // A handle around `index`; an empty value when that fails.
  static Napi::Value make(Napi::Env env, std::shared_ptr<OpenIndex> index);

  // A handle without an index is closed: that is all a caller's own `new` gets.
  explicit IndexHandle(const Napi::CallbackInfo& info);
  ~IndexHandle() override;

 private:
  Napi::Value search(const Napi::CallbackInfo& info);
  Napi::Value distances_to_rows(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  // Holds the object and delays the end of close() until the call has settled.
  void begin(AsyncCall& call);
  void settled();
  void start_closing(Napi::Env env);
  void finish_closing();
  Status closed_status() const { return Status(Code::kClosed, "the index " + dir_ + " was closed"); }

  std::weak_ptr<Instance> instance_;
  std::string dir_ = "handle";
  std::shared_ptr<OpenIndex> index_;  // null once closing
  size_t calls_ = 0;
  bool engine_closing_ = false;
  std::vector<Deferred> close_waiters_;
};

}  // namespace vamana::addon
