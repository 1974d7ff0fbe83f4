#include "addon/snapshot_handle.h"

#include <optional>
#include <utility>

#include "addon/arguments.h"
#include "addon/delta_handle.h"
#include "addon/errors.h"
#include "addon/filter_handle.h"
#include "addon/handles.h"
#include "addon/instance.h"
#include "addon/names.h"
#include "addon/search_call.h"
#include "addon/segment_handle.h"
#include "addon/values.h"

namespace vamana::addon {
namespace {

// Rows of one fetch at most: their vectors must fit one typed array with room to spare.
constexpr uint64_t kMaxFetchBytes = uint64_t{1} << 31;

class FetchCall final : public AsyncCall {
 public:
  FetchCall(Napi::Env env, std::shared_ptr<SearchRequest> request)
      : AsyncCall(env, request->cancel), request_(std::move(request)) {}

 protected:
  Napi::Value result(Napi::Env env) override {
    Napi::Object result = Napi::Object::New(env);
    const FetchedRows& fetched = *request_->fetch;
    const Napi::Value found = copy_array<Napi::Uint8Array>(env, std::span<const uint8_t>(fetched.found));
    if (found.IsEmpty()) return found;
    const Napi::Value vectors = copy_array<Napi::Uint8Array>(env, std::span<const uint8_t>(fetched.vectors));
    if (vectors.IsEmpty()) return vectors;
    result.Set("found", found);
    result.Set("vectors", vectors);
    return result;
  }

 private:
  const std::shared_ptr<SearchRequest> request_;
};

Result<std::shared_ptr<const SearchSnapshot>> create_from(const Napi::Value& value, const OpenStore& store) {
  Fields parts(value, "parts");
  const Napi::Value in_segments = parts.object("segments"), in_deltas = parts.object("deltas"),
                    in_dead = parts.object("dead");
  VAMANA_TRY(parts.status());
  VAMANA_ASSIGN(const auto segments, read_parts<SegmentHandle>(in_segments, "parts.segments", &store));
  VAMANA_ASSIGN(const auto deltas, read_parts<DeltaHandle>(in_deltas, "parts.deltas", &store));
  VAMANA_ASSIGN(const auto dead, read_u32_array(in_dead, "parts.dead"));
  return SearchSnapshot::create(store.space(), segments, deltas, dead);
}

}  // namespace

Napi::Function SnapshotHandle::define(Napi::Env env) {
  return DefineClass(
      env, "NativeSnapshot",
      {InstanceMethod<&SnapshotHandle::next>("next"), InstanceMethod<&SnapshotHandle::search>("search"),
       InstanceMethod<&SnapshotHandle::fetch>("fetch"), InstanceMethod<&SnapshotHandle::close>("close")});
}

SnapshotHandle::SnapshotHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SnapshotHandle>(info) {
  info.This().As<Napi::Object>().TypeTag(&kTag);
}

Napi::Value SnapshotHandle::make(Napi::Env env, std::shared_ptr<OpenStore> store, Part snapshot) {
  Napi::Object object = Instance::of(env).snapshot_class.New({});
  SnapshotHandle* handle = object.IsEmpty() ? nullptr : Unwrap(object);
  if (handle == nullptr) return Napi::Value();
  object.DefineProperty(
      Napi::PropertyDescriptor::Value("liveRows", to_js(env, snapshot->live_rows()), napi_enumerable));
  if (env.IsExceptionPending()) return Napi::Value();
  handle->store_ = std::move(store);
  handle->snapshot_ = std::move(snapshot);
  return object;
}

Napi::Value SnapshotHandle::create(const Napi::CallbackInfo& info, const std::shared_ptr<OpenStore>& store) {
  Result<Part> snapshot = create_from(info[0], *store);
  if (!snapshot.ok()) return throw_status(info.Env(), snapshot.status());
  return make(info.Env(), store, std::move(snapshot).value());
}

SnapshotHandle::~SnapshotHandle() { let_go(); }

Status SnapshotHandle::ready() const {
  if (!snapshot_) return Status(Code::kClosed, "the snapshot was closed");
  return store_->open() ? Status() : store_->closed_status();
}

Napi::Value SnapshotHandle::next(const Napi::CallbackInfo& info) {
  Result<Part> snapshot = successor(info);
  if (!snapshot.ok()) return throw_status(info.Env(), snapshot.status());
  return make(info.Env(), store_, std::move(snapshot).value());
}

Result<SnapshotHandle::Part> SnapshotHandle::successor(const Napi::CallbackInfo& info) const {
  VAMANA_TRY(ready());
  Fields change(info[0], "change");
  const Napi::Value dead = change.object("dead"), segments = change.object("segments"),
                    deltas = change.object("deltas");
  VAMANA_TRY(change.status());
  SearchSnapshot::Change read;
  if (!dead.IsUndefined()) {
    VAMANA_ASSIGN(read.dead, read_u32_array(dead, "change.dead"));
  }
  if (!segments.IsUndefined()) {
    VAMANA_ASSIGN(read.segments, read_parts<SegmentHandle>(segments, "change.segments", store_.get()));
  }
  if (!deltas.IsUndefined()) {
    VAMANA_ASSIGN(read.deltas, read_parts<DeltaHandle>(deltas, "change.deltas", store_.get()));
  }
  return snapshot_->next(read);
}

Napi::Value SnapshotHandle::search(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Status status = ready();
  if (!status.ok()) return rejected(env, status);
  Result<SearchArguments> arguments = read_search_arguments(info, store_->space());
  if (!arguments.ok()) return rejected(env, arguments.status());
  const std::shared_ptr<SearchRequest> request = arguments->request;
  const Status filtered = read_filter_options(info[2], request.get());
  if (!filtered.ok()) return rejected(env, filtered);
  return submit(env, std::make_unique<SearchCall>(env, request, arguments->costs), request);
}

// What searches of an index do not have: { filter, strategy }, both may be missing.
Status SnapshotHandle::read_filter_options(const Napi::Value& value, SearchRequest* request) const {
  Fields fields(value, "options");
  const Napi::Value filter = fields.object("filter");
  if (!fields.object("strategy").IsUndefined()) {
    request->params.strategy = static_cast<FilterStrategy>(fields.choice("strategy", kStrategyNames));
  }
  VAMANA_TRY(fields.status());
  VAMANA_ASSIGN(request->filter, read_filter(filter, "options.filter", store_.get()));
  return Status();
}

Napi::Value SnapshotHandle::fetch(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Status status = ready();
  if (!status.ok()) return rejected(env, status);
  const Result<std::span<const uint32_t>> rows = read_u32_array(info[0], "rows");
  if (!rows.ok()) return rejected(env, rows.status());
  const uint64_t rows_max = kMaxFetchBytes / store_->space().vector_bytes();
  if (rows->size() > rows_max) {
    return rejected(
        env, Status(Code::kInvalidArgument, format("rows: found %zu, expected at most %llu in one call", rows->size(),
                                                   static_cast<unsigned long long>(rows_max))));
  }
  const auto request = std::make_shared<SearchRequest>();
  request->count = 1;
  request->cancel = std::make_shared<CancelFlag>();
  request->fetch = std::make_unique<FetchedRows>();
  request->fetch->rows.assign(rows->begin(), rows->end());
  return submit(env, std::make_unique<FetchCall>(env, request), request);
}

Napi::Value SnapshotHandle::submit(Napi::Env env, std::unique_ptr<AsyncCall> call,
                                   std::shared_ptr<SearchRequest> request) {
  request->snapshot = snapshot_;
  // The engine lets go of the request's snapshot before it tells of the end, and that may have been the last to
  // hold a segment.
  store_->begin(*call, [store = store_.get()] { store->forget_closed_segments(); });
  Instance& instance = Instance::of(env);
  return instance.start(std::move(call), [&](AsyncCall* started) {
    request->done = [&instance, started](SearchRequest& ended) {
      started->set_status(ended.status);
      instance.finished(started);
    };
    return store_->engine().submit(request);
  });
}

Napi::Value SnapshotHandle::close(const Napi::CallbackInfo& info) {
  let_go();
  return info.Env().Undefined();
}

void SnapshotHandle::let_go() {
  if (!snapshot_) return;
  snapshot_.reset();
  store_->forget_closed_segments();
  store_.reset();
}

}  // namespace vamana::addon
