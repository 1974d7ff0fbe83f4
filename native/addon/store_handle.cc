#include "addon/store_handle.h"

#include <utility>

#include "addon/arguments.h"
#include "addon/delta_handle.h"
#include "addon/errors.h"
#include "addon/filter_handle.h"
#include "addon/instance.h"
#include "addon/names.h"
#include "addon/open_call.h"
#include "addon/segment_handle.h"
#include "addon/segment_values.h"
#include "addon/snapshot_handle.h"
#include "addon/store_build.h"
#include "addon/store_merge.h"
#include "graph/packed_graph.h"
#include "search/search_params.h"

namespace vamana::addon {
namespace {

Result<StoreOptions> read_store_options(const Napi::Value& value) {
  Fields fields(value, "options");
  StoreOptions options;
  options.space.dim = fields.integer32("dim", 1, kMaxDimension);
  options.space.element = static_cast<Element>(fields.choice("element", kElementNames));
  options.space.metric = static_cast<Metric>(fields.choice("metric", kMetricNames));
  options.io = static_cast<IoKind>(fields.choice("io", kIoNames));
  options.engine = read_engine_options(fields);
  Fields delta(fields.object("delta"), "options.delta");
  options.delta.degree = delta.integer32("degree", 1, kMaxDegree);
  options.delta.build_list = delta.integer32("buildList", 1, kMaxListSize);
  options.delta.alpha = static_cast<float>(delta.number("alpha", 1, 100));
  fields.fail(delta.status());
  VAMANA_TRY(fields.status());
  options.delta.dim = options.space.dim;
  options.delta.element = options.space.element;
  options.delta.metric = options.space.metric;
  return options;
}

}  // namespace

Napi::Function StoreHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeStore",
                     {InstanceMethod<&StoreHandle::open_segment>("openSegment"),
                      InstanceMethod<&StoreHandle::create_delta>("createDelta"),
                      InstanceMethod<&StoreHandle::create_snapshot>("createSnapshot"),
                      InstanceMethod<&StoreHandle::create_row_filter>("createRowFilter"),
                      InstanceMethod<&StoreHandle::build_segment>("buildSegment"),
                      InstanceMethod<&StoreHandle::plan_merge>("planMerge"),
                      InstanceMethod<&StoreHandle::merge_segments>("mergeSegments"),
                      InstanceMethod<&StoreHandle::stats>("stats"), InstanceMethod<&StoreHandle::close>("close")});
}

StoreHandle::StoreHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<StoreHandle>(info) {}

Napi::Value StoreHandle::create(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Result<StoreOptions> options = read_store_options(info[0]);
  if (!options.ok()) return throw_status(env, options.status());
  Result<std::shared_ptr<OpenStore>> store = OpenStore::create(options.value());
  if (!store.ok()) return throw_status(env, store.status());
  const Napi::Object object = Instance::of(env).store_class.New({});
  StoreHandle* handle = object.IsEmpty() ? nullptr : Unwrap(object);
  if (handle == nullptr) return Napi::Value();
  Instance::of(env).track(store.value());
  handle->store_ = std::move(store).value();
  return object;
}

Status StoreHandle::ready() const {
  return store_ && store_->open() ? Status() : Status(Code::kClosed, "the store was closed");
}

Napi::Value StoreHandle::open_segment(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Status status = ready();
  if (!status.ok()) return rejected(env, status);
  const Result<std::string> dir = read_path(info[0], "dir");
  if (!dir.ok()) return rejected(env, dir.status());
  using Opened = std::shared_ptr<const Segment>;
  auto work = [store = store_, dir = dir.value()](const CancelFlag&) -> Result<Opened> {
    ThreadPool pool(store->options().engine.threads);
    VAMANA_ASSIGN(Opened segment, Segment::open(dir, store->reader(), pool));
    VAMANA_TRY(check_space(space_of(*segment), store->space(), dir));
    return segment;
  };
  auto convert = [store = store_](Napi::Env at, Opened& segment) {
    return SegmentHandle::make(at, store, std::move(segment));
  };
  auto call = std::make_unique<SimpleCall<Opened>>(env, nullptr, std::move(work), std::move(convert));
  store_->begin(*call);
  Instance& instance = Instance::of(env);
  return instance.start(instance.tasks(), std::move(call));
}

Napi::Value StoreHandle::create_delta(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Status status = ready();
  if (!status.ok()) return throw_status(env, status);
  Result<std::shared_ptr<Delta>> delta = Delta::create(store_->options().delta);
  if (!delta.ok()) return throw_status(env, delta.status());
  return DeltaHandle::make(env, store_, std::move(delta).value());
}

Napi::Value StoreHandle::create_snapshot(const Napi::CallbackInfo& info) {
  const Status status = ready();
  return status.ok() ? SnapshotHandle::create(info, store_) : throw_status(info.Env(), status);
}

Napi::Value StoreHandle::create_row_filter(const Napi::CallbackInfo& info) {
  const Status status = ready();
  return status.ok() ? FilterHandle::create(info, store_) : throw_status(info.Env(), status);
}

Napi::Value StoreHandle::build_segment(const Napi::CallbackInfo& info) {
  const Status status = ready();
  return status.ok() ? build_segment_call(info, store_) : rejected(info.Env(), status);
}

Napi::Value StoreHandle::plan_merge(const Napi::CallbackInfo& info) {
  const Status status = ready();
  return status.ok() ? plan_merge_call(info, store_) : rejected(info.Env(), status);
}

Napi::Value StoreHandle::merge_segments(const Napi::CallbackInfo& info) {
  const Status status = ready();
  return status.ok() ? merge_segments_call(info, store_) : rejected(info.Env(), status);
}

Napi::Value StoreHandle::stats(const Napi::CallbackInfo& info) {
  const Status status = ready();
  return status.ok() ? store_stats(info.Env(), *store_) : throw_status(info.Env(), status);
}

// The engine is closed on a lane: that takes as long as its searches.
Napi::Value StoreHandle::close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!store_) {
    const Deferred closed(env);
    closed.resolve(env.Undefined());
    return closed.promise();
  }
  const Napi::Value promise = store_->wait_for_closing(env);
  if (!store_->open()) return promise;
  store_->start_closing();
  auto work = [store = store_](const CancelFlag&) -> Result<bool> {
    store->close();
    return true;
  };
  auto convert = [store = store_](Napi::Env at, bool&) -> Napi::Value {
    store->engine_closed();
    return at.Undefined();
  };
  auto call = std::make_unique<SimpleCall<bool>>(env, nullptr, std::move(work), std::move(convert));
  store_->begin(*call);
  Instance::of(env).start_always(std::move(call));
  return promise;
}

}  // namespace vamana::addon
