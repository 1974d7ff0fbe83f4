#include "addon/delta_handle.h"

#include <utility>

#include "addon/arguments.h"
#include "addon/cancel_handle.h"
#include "addon/errors.h"
#include "addon/instance.h"
#include "addon/values.h"

namespace vamana::addon {

Napi::Function DeltaHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeDelta",
                     {InstanceMethod<&DeltaHandle::append>("append"), InstanceMethod<&DeltaHandle::freeze>("freeze"),
                      InstanceMethod<&DeltaHandle::stats>("stats"), InstanceMethod<&DeltaHandle::linked>("linked"),
                      InstanceMethod<&DeltaHandle::close>("close")});
}

DeltaHandle::DeltaHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DeltaHandle>(info) {
  info.This().As<Napi::Object>().TypeTag(&kTag);
}

Napi::Value DeltaHandle::make(Napi::Env env, std::shared_ptr<OpenStore> store, Part delta) {
  Napi::Object object = Instance::of(env).delta_class.New({});
  DeltaHandle* handle = object.IsEmpty() ? nullptr : Unwrap(object);
  if (handle == nullptr) return Napi::Value();
  store->track(delta);
  store->linker().add(delta);
  handle->store_ = std::move(store);
  handle->delta_ = std::move(delta);
  return object;
}

DeltaHandle::~DeltaHandle() { let_go(); }

Status DeltaHandle::ready() const {
  if (!delta_) return Status(Code::kClosed, "the delta was closed");
  return store_->open() ? Status() : store_->closed_status();
}

Napi::Value DeltaHandle::append(const Napi::CallbackInfo& info) {
  const Status status = append_rows(info);
  return status.ok() ? info.Env().Undefined() : throw_status(info.Env(), status);
}

Status DeltaHandle::append_rows(const Napi::CallbackInfo& info) {
  VAMANA_TRY(ready());
  VAMANA_ASSIGN(const std::span<const uint32_t> rows, read_u32_array(info[0], "rows"));
  VAMANA_ASSIGN(const std::span<const uint8_t> vectors, read_bytes(info[1], "vectors"));
  if (vectors.size() != rows.size() * delta_->vector_bytes()) {
    return Status(Code::kInvalidArgument,
                  format("vectors: found %zu bytes, expected %zu x %llu (rows.length x bytes of a vector)",
                         vectors.size(), rows.size(), static_cast<unsigned long long>(delta_->vector_bytes())));
  }
  VAMANA_TRY(delta_->append(rows, vectors.data()));
  store_->linker().wake();
  return Status();
}

Napi::Value DeltaHandle::freeze(const Napi::CallbackInfo& info) {
  const Status status = ready();
  if (!status.ok()) return throw_status(info.Env(), status);
  delta_->freeze();
  return info.Env().Undefined();
}

Napi::Value DeltaHandle::stats(const Napi::CallbackInfo& info) {
  const Status status = ready();
  if (!status.ok()) return throw_status(info.Env(), status);
  Napi::Object stats = Napi::Object::New(info.Env());
  // Linked first: it never passes the rows that were there before.
  const uint32_t linked = delta_->linked();
  set(stats, "rows", delta_->rows());
  set(stats, "linked", linked);
  set(stats, "bytes", delta_->bytes());
  set(stats, "frozen", delta_->frozen());
  return stats;
}

Napi::Value DeltaHandle::linked(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Status status = ready();
  if (!status.ok()) return rejected(env, status);
  const auto cancel = read_cancel(info[0], "cancel");
  if (!cancel.ok()) return rejected(env, cancel.status());
  auto work = [delta = delta_](const CancelFlag& cancelled) -> Result<bool> {
    VAMANA_TRY(delta->link_all(cancelled));
    return true;
  };
  auto convert = [](Napi::Env at, bool&) -> Napi::Value { return at.Undefined(); };
  auto call = std::make_unique<SimpleCall<bool>>(env, cancel.value(), std::move(work), convert);
  store_->begin(*call);
  Instance& instance = Instance::of(env);
  return instance.start(instance.tasks(), std::move(call));
}

Napi::Value DeltaHandle::close(const Napi::CallbackInfo& info) {
  let_go();
  return info.Env().Undefined();
}

void DeltaHandle::let_go() {
  delta_.reset();
  store_.reset();
}

}  // namespace vamana::addon
