#include "addon/store_build.h"

#include <utility>

#include "addon/arguments.h"
#include "addon/build_call.h"
#include "addon/cancel_handle.h"
#include "addon/chosen_parts.h"
#include "addon/errors.h"
#include "addon/instance.h"
#include "job/live_rows.h"

namespace vamana::addon {
namespace {

Result<BuildOptions> read_options(const Napi::Value& value, const VectorSpace& space) {
  Fields fields(value, "options");
  BuildOptions options = read_build_options(fields);
  VAMANA_TRY(fields.status());
  options.metric = space.metric;
  options.source.dim = space.dim;
  options.source.element = space.element;
  return options;
}

class StoreBuildCall final : public BuildCall {
 public:
  StoreBuildCall(Napi::Env env, BuildOptions options, ChosenParts chosen, std::shared_ptr<CancelFlag> cancel,
                 const Napi::Function& listener)
      : BuildCall(env, std::move(options), std::move(cancel), listener), chosen_(std::move(chosen)) {}

 protected:
  Status work() override {
    // Freed here, not on the JS thread, and before the call is settled: the parts may be the last of theirs.
    ChosenParts chosen = std::exchange(chosen_, ChosenParts());
    VAMANA_ASSIGN(const auto rows, LiveRows::create(std::move(chosen.segments), std::move(chosen.deltas), chosen.dead));
    options().source.rows = rows->rows();
    options().row_source = rows;
    const Status status = BuildCall::work();
    options().row_source = nullptr;
    return status;
  }

 private:
  ChosenParts chosen_;
};

}  // namespace

Napi::Value build_segment_call(const Napi::CallbackInfo& info, const std::shared_ptr<OpenStore>& store) {
  const Napi::Env env = info.Env();
  Result<ChosenParts> chosen = read_chosen_parts(info[0], info[1], *store);
  if (!chosen.ok()) return rejected(env, chosen.status());
  const Result<BuildOptions> options = read_options(info[2], store->space());
  if (!options.ok()) return rejected(env, options.status());
  const Result<std::shared_ptr<CancelFlag>> cancel = read_cancel(info[3], "cancel");
  if (!cancel.ok()) return rejected(env, cancel.status());
  const Result<Napi::Function> listener = read_callback(info[4], "onProgress");
  if (!listener.ok()) return rejected(env, listener.status());
  auto call = std::make_unique<StoreBuildCall>(env, options.value(), std::move(chosen).value(), cancel.value(),
                                               listener.value());
  store->begin(*call, [store = store.get()] { store->forget_closed_segments(); });
  Instance& instance = Instance::of(env);
  return instance.start(instance.jobs(), std::move(call));
}

}  // namespace vamana::addon
