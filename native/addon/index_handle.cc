#include "addon/index_handle.h"

#include <utility>

#include "addon/arguments.h"
#include "addon/errors.h"
#include "addon/search_call.h"
#include "addon/segment_values.h"
#include "addon/values.h"
#include "search/row_distances.h"

namespace vamana::addon {

Napi::Function IndexHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeIndex",
                     {InstanceMethod<&IndexHandle::search>("search"),
                      InstanceMethod<&IndexHandle::distances_to_rows>("distancesToRows"),
                      InstanceMethod<&IndexHandle::stats>("stats"), InstanceMethod<&IndexHandle::close>("close")});
}

IndexHandle::IndexHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<IndexHandle>(info), instance_(Instance::of(info.Env()).weak()) {}

Napi::Value IndexHandle::make(Napi::Env env, std::shared_ptr<OpenIndex> index) {
  Napi::Object object = Instance::of(env).index_class.New({});
  IndexHandle* handle = object.IsEmpty() ? nullptr : Unwrap(object);
  if (handle == nullptr) return Napi::Value();
  // A plain property: it stays readable after close().
  object.DefineProperty(Napi::PropertyDescriptor::Value(
      "info", segment_info(env, describe_segment(index->engine->segment())), napi_enumerable));
  if (env.IsExceptionPending()) return Napi::Value();
  Instance::of(env).track(index);
  Napi::MemoryManagement::AdjustExternalMemory(env, static_cast<int64_t>(index->memory_bytes));
  handle->dir_ = index->engine->segment().dir();
  handle->index_ = std::move(index);
  return object;
}

IndexHandle::~IndexHandle() {
  if (!index_) return;
  Napi::MemoryManagement::AdjustExternalMemory(Env(), -static_cast<int64_t>(index_->memory_bytes));
  if (const std::shared_ptr<Instance> instance = instance_.lock()) instance->close_in_background(std::move(index_));
}

void IndexHandle::begin(AsyncCall& call) {
  Ref();
  ++calls_;
  call.on_settled([this] { settled(); });
}

void IndexHandle::settled() {
  --calls_;
  finish_closing();
  Unref();
}

Napi::Value IndexHandle::search(const Napi::CallbackInfo& info) {
  if (!index_) return rejected(info.Env(), closed_status());
  SearchEngine& engine = *index_->engine;
  Result<SearchArguments> arguments = read_search_arguments(info, engine.space());
  if (!arguments.ok()) return rejected(info.Env(), arguments.status());
  auto call = std::make_unique<SearchCall>(info.Env(), arguments->request, arguments->costs);
  begin(*call);
  Instance& instance = Instance::of(info.Env());
  return instance.start(std::move(call), [&](AsyncCall* started) {
    arguments->request->done = [&instance, started](SearchRequest& request) {
      started->set_status(request.status);
      instance.finished(started);
    };
    return engine.submit(arguments->request);
  });
}

Napi::Value IndexHandle::distances_to_rows(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!index_) return rejected(env, closed_status());
  const Result<std::span<const uint8_t>> queries = read_bytes(info[0], "queries");
  if (!queries.ok()) return rejected(env, queries.status());
  const Result<std::span<const uint32_t>> rows = read_u32_array(info[1], "rows");
  if (!rows.ok()) return rejected(env, rows.status());
  const Segment& segment = index_->engine->segment();
  const size_t row_bytes = segment.dim() * element_bytes(segment.element());
  if (queries.value().size() != rows.value().size() * row_bytes) {
    return rejected(env, Status(Code::kInvalidArgument,
                                format("queries: found %zu bytes, expected %zu x %zu (rows.length x bytes of a vector)",
                                       queries.value().size(), rows.value().size(), row_bytes)));
  }
  auto work = [index = index_, queries = std::vector<uint8_t>(queries.value().begin(), queries.value().end()),
               rows = std::vector<uint32_t>(rows.value().begin(), rows.value().end())](const CancelFlag& cancel) {
    ThreadPool pool(index->threads);
    return row_distances(index->engine->segment(), queries.data(), rows, pool, cancel);
  };
  auto convert = [](Napi::Env at, std::vector<float>& distances) {
    return copy_array<Napi::Float32Array>(at, std::span<const float>(distances));
  };
  auto call = std::make_unique<SimpleCall<std::vector<float>>>(env, nullptr, std::move(work), std::move(convert));
  begin(*call);
  Instance& instance = Instance::of(env);
  return instance.start(instance.tasks(), std::move(call));
}

Napi::Value IndexHandle::stats(const Napi::CallbackInfo& info) {
  if (!index_) return throw_status(info.Env(), closed_status());
  return index_stats(info.Env(), *index_->engine, index_->threads);
}

Napi::Value IndexHandle::close(const Napi::CallbackInfo& info) {
  const Deferred waiter(info.Env());
  close_waiters_.push_back(waiter);
  if (index_) start_closing(info.Env());
  finish_closing();
  return waiter.promise();
}

// The engine is closed on a lane: that takes as long as its searches. What else is in flight is counted by
// begin() and settled().
void IndexHandle::start_closing(Napi::Env env) {
  Napi::MemoryManagement::AdjustExternalMemory(env, -static_cast<int64_t>(index_->memory_bytes));
  auto work = [index = std::move(index_)](const CancelFlag&) mutable -> Result<bool> {
    index->engine->close();
    index.reset();
    return true;
  };
  auto convert = [](Napi::Env at, bool&) -> Napi::Value { return at.Undefined(); };
  auto call = std::make_unique<SimpleCall<bool>>(env, nullptr, std::move(work), convert);
  begin(*call);
  Instance::of(env).start_always(std::move(call));
}

void IndexHandle::finish_closing() {
  if (index_ || calls_ > 0) return;
  for (const Deferred& waiter : std::exchange(close_waiters_, {})) waiter.resolve(Env().Undefined());
}

}  // namespace vamana::addon
