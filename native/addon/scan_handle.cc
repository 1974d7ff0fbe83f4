#include "addon/scan_handle.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "addon/arguments.h"
#include "addon/errors.h"
#include "addon/names.h"
#include "addon/values.h"
#include "format/segment_format.h"
#include "search/search_params.h"

namespace vamana::addon {
namespace {

// Distances computed between two looks at the cancel flag: less than a tenth of a second's work.
constexpr uint64_t kDistancesAStep = uint64_t{1} << 22;
constexpr uint64_t kMaxHeapEntries = uint64_t{1} << 28;

Status closed_status() { return Status(Code::kClosed, "the exact scan was closed"); }

class AddCall final : public AsyncCall {
 public:
  AddCall(Napi::Env env, std::shared_ptr<ScanState> state, const Napi::Object& buffer, std::span<const uint8_t> vectors,
          uint32_t rows, uint64_t first_row)
      : AsyncCall(env, nullptr),
        state_(std::move(state)),
        buffer_(Napi::Persistent(buffer)),
        vectors_(vectors),
        rows_(rows),
        first_row_(first_row) {}

 protected:
  Status work() override {
    const uint64_t step = std::max<uint64_t>(kDistancesAStep / state_->scan.count(), 256);
    for (uint64_t done = 0; done < rows_; done += step) {
      if (cancel()->cancelled()) return closed_status();
      const auto count = static_cast<uint32_t>(std::min(step, rows_ - done));
      state_->scan.add(vectors_.data() + done * state_->vector_bytes, state_->vector_bytes, count, first_row_ + done,
                       state_->pool);
    }
    return Status();
  }
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }

 private:
  const std::shared_ptr<ScanState> state_;
  const Napi::ObjectReference buffer_;  // keeps the memory of vectors_
  const std::span<const uint8_t> vectors_;
  const uint64_t rows_;
  const uint64_t first_row_;
};

Result<std::shared_ptr<ScanState>> make_state(const Napi::CallbackInfo& info) {
  VAMANA_ASSIGN(const size_t metric, read_choice(info[0], "metric", kMetricNames));
  VAMANA_ASSIGN(const size_t element_index, read_choice(info[1], "element", kElementNames));
  const auto element = static_cast<Element>(element_index);
  VAMANA_ASSIGN(const uint64_t dim, read_integer(info[2], "dim", 1, kMaxDimension));
  VAMANA_ASSIGN(const auto queries, read_bytes(info[3], "queries"));
  VAMANA_ASSIGN(const uint64_t count, read_integer(info[4], "count", 1, kMaxU32));
  VAMANA_ASSIGN(const uint64_t k, read_integer(info[5], "k", 1, kMaxK));
  VAMANA_ASSIGN(const uint64_t threads, read_integer(info[6], "threads", 1, kMaxThreads));
  const uint64_t vector_bytes = dim * element_bytes(element);
  if (queries.size() != count * vector_bytes) {
    return Status(Code::kInvalidArgument,
                  format("queries: found %zu bytes, expected %llu x %llu (count x bytes of a vector)", queries.size(),
                         static_cast<unsigned long long>(count), static_cast<unsigned long long>(vector_bytes)));
  }
  if (count * k > kMaxHeapEntries) {
    return Status(Code::kInvalidArgument,
                  format("count: found %llu queries of k %llu, expected at most %llu results; use several scans",
                         static_cast<unsigned long long>(count), static_cast<unsigned long long>(k),
                         static_cast<unsigned long long>(kMaxHeapEntries)));
  }
  ExactScan scan(static_cast<Metric>(metric), element, static_cast<uint32_t>(dim), queries.data(),
                 static_cast<uint32_t>(count), static_cast<uint32_t>(k));
  return std::make_shared<ScanState>(std::move(scan), static_cast<uint32_t>(dim), static_cast<uint32_t>(vector_bytes),
                                     static_cast<uint32_t>(threads));
}

struct AddArguments {
  std::span<const uint8_t> vectors;
  uint32_t rows = 0;
  uint64_t first_row = 0;
};

Result<AddArguments> read_add_arguments(const Napi::CallbackInfo& info, const ScanState& state) {
  AddArguments arguments;
  VAMANA_ASSIGN(arguments.vectors, read_bytes(info[0], "vectors"));
  VAMANA_ASSIGN(const uint64_t rows, read_integer(info[1], "rows", 0, kMaxU32));
  VAMANA_ASSIGN(arguments.first_row, read_integer(info[2], "firstRow", 0, kMaxRows - 1));
  arguments.rows = static_cast<uint32_t>(rows);
  if (arguments.vectors.size() != rows * state.vector_bytes) {
    return Status(Code::kInvalidArgument,
                  format("vectors: found %zu bytes, expected %llu x %u (rows x bytes of a vector)",
                         arguments.vectors.size(), static_cast<unsigned long long>(rows), state.vector_bytes));
  }
  if (arguments.first_row + rows > kMaxRows) {
    return Status(Code::kInvalidArgument,
                  format("firstRow: found %llu with %llu rows, expected the last below %llu",
                         static_cast<unsigned long long>(arguments.first_row), static_cast<unsigned long long>(rows),
                         static_cast<unsigned long long>(kMaxRows)));
  }
  return arguments;
}

}  // namespace

Napi::Function ScanHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeExactScan",
                     {InstanceMethod<&ScanHandle::add>("add"), InstanceMethod<&ScanHandle::result>("result"),
                      InstanceMethod<&ScanHandle::close>("close")});
}

ScanHandle::ScanHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ScanHandle>(info) {}

Napi::Value ScanHandle::create(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Result<std::shared_ptr<ScanState>> state = make_state(info);
  if (!state.ok()) return throw_status(env, state.status());
  const Napi::Object object = Instance::of(env).scan_class.New({});
  ScanHandle* handle = object.IsEmpty() ? nullptr : Unwrap(object);
  if (handle != nullptr) handle->state_ = std::move(state).value();
  return object;
}

Status ScanHandle::ready() const {
  if (!state_) return closed_status();
  if (adding_) return Status(Code::kBusy, "an add() of this exact scan is in flight; await its promise first");
  return Status();
}

Napi::Value ScanHandle::add(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Status status = ready();
  if (!status.ok()) return rejected(env, status);
  const Result<AddArguments> arguments = read_add_arguments(info, *state_);
  if (!arguments.ok()) return rejected(env, arguments.status());
  auto call = std::make_unique<AddCall>(env, state_, info[0].As<Napi::Object>(), arguments.value().vectors,
                                        arguments.value().rows, arguments.value().first_row);
  adding_ = call->cancel();
  Ref();
  call->on_settled([this] {
    adding_.reset();
    Unref();
  });
  Instance& instance = Instance::of(env);
  return instance.start(instance.tasks(), std::move(call));
}

Napi::Value ScanHandle::result(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Status status = ready();
  if (!status.ok()) return throw_status(env, status);
  const ExactScan& scan = state_->scan;
  const size_t entries = size_t{scan.count()} * scan.k();
  Napi::Uint32Array rows = Napi::Uint32Array::New(env, entries);
  if (rows.IsEmpty()) return Napi::Value();
  Napi::Float32Array distances = Napi::Float32Array::New(env, entries);
  if (distances.IsEmpty()) return Napi::Value();
  for (uint32_t query = 0; query < scan.count(); ++query) {
    const size_t first = size_t{query} * scan.k();
    scan.result(query, rows.Data() + first, distances.Data() + first);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("rows", rows);
  object.Set("distances", distances);
  return object;
}

Napi::Value ScanHandle::close(const Napi::CallbackInfo& info) {
  if (adding_) adding_->cancel();
  state_.reset();
  return info.Env().Undefined();
}

}  // namespace vamana::addon
