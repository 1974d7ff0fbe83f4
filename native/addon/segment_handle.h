// The JavaScript object around an opened segment: NativeSegment of src/binding.ts. JS thread only.
//
// States: open; closed. The segment itself lives on while a snapshot has it.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/open_store.h"

namespace vamana::addon {

class SegmentHandle : public Napi::ObjectWrap<SegmentHandle> {
 public:
  using Part = std::shared_ptr<const Segment>;
  static constexpr napi_type_tag kTag = {0x3f91ac4e07d25b68ull, 0xa17cb8520e9d4413ull};
  static constexpr const char* kMaker = "openSegment()";

  static Napi::Function define(Napi::Env env);
  // A handle around the segment; an empty value when that fails.
  static Napi::Value make(Napi::Env env, std::shared_ptr<OpenStore> store, Part segment);
  // A handle without a segment is closed: that is all a caller's own `new` gets.
  explicit SegmentHandle(const Napi::CallbackInfo& info);
  ~SegmentHandle() override;

  const Part& part() const { return segment_; }
  const void* store() const { return store_.get(); }

 private:
  Napi::Value close(const Napi::CallbackInfo& info);
  void let_go();

  std::shared_ptr<OpenStore> store_;
  Part segment_;
};

}  // namespace vamana::addon
