#include "addon/segment_handle.h"

#include <utility>

#include "addon/instance.h"
#include "addon/segment_values.h"
#include "addon/values.h"
#include "segment/describe.h"

namespace vamana::addon {
namespace {

Napi::Object rows_to_js(Napi::Env env, const Segment& segment) {
  Napi::Object rows = Napi::Object::New(env);
  set(rows, "count", segment.rows());
  set(rows, "first", segment.row_map().first());
  set(rows, "last", segment.row_map().last());
  rows.Freeze();
  return rows;
}

}  // namespace

Napi::Function SegmentHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeSegment", {InstanceMethod<&SegmentHandle::close>("close")});
}

SegmentHandle::SegmentHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SegmentHandle>(info) {
  info.This().As<Napi::Object>().TypeTag(&kTag);
}

Napi::Value SegmentHandle::make(Napi::Env env, std::shared_ptr<OpenStore> store, Part segment) {
  Napi::Object object = Instance::of(env).segment_class.New({});
  SegmentHandle* handle = object.IsEmpty() ? nullptr : Unwrap(object);
  if (handle == nullptr) return Napi::Value();
  // Plain properties: they stay readable after close().
  object.DefineProperty(
      Napi::PropertyDescriptor::Value("info", segment_info(env, describe_segment(*segment)), napi_enumerable));
  object.DefineProperty(Napi::PropertyDescriptor::Value("rows", rows_to_js(env, *segment), napi_enumerable));
  if (env.IsExceptionPending()) return Napi::Value();
  store->track(segment);
  handle->store_ = std::move(store);
  handle->segment_ = std::move(segment);
  return object;
}

SegmentHandle::~SegmentHandle() { let_go(); }

Napi::Value SegmentHandle::close(const Napi::CallbackInfo& info) {
  let_go();
  return info.Env().Undefined();
}

void SegmentHandle::let_go() {
  if (!segment_) return;
  segment_.reset();
  store_->forget_closed_segments();
  store_.reset();
}

}  // namespace vamana::addon
