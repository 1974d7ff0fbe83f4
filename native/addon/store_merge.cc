#include "addon/store_merge.h"

#include <utility>

#include "addon/arguments.h"
#include "addon/build_call.h"
#include "addon/cancel_handle.h"
#include "addon/chosen_parts.h"
#include "addon/errors.h"
#include "addon/instance.h"
#include "addon/names.h"
#include "addon/progress_call.h"
#include "addon/throttle_handle.h"
#include "addon/values.h"
#include "job/merge_job.h"

namespace vamana::addon {
namespace {

// What a merge is asked, before its rows are counted.
struct Asked {
  MergeMode mode = MergeMode::kStreaming;
  BuildOptions build;
  ChosenParts chosen;
};

Result<Asked> read_asked(const Napi::CallbackInfo& info, const OpenStore& store) {
  Asked asked;
  VAMANA_ASSIGN(asked.chosen, read_chosen_parts(info[0], info[1], store));
  Fields fields(info[2], "options");
  asked.build = read_build_options(fields);
  asked.mode = static_cast<MergeMode>(fields.choice("mode", kMergeModeNames));
  VAMANA_TRY(fields.status());
  asked.build.metric = store.space().metric;
  return asked;
}

// On a lane: this reads the rows of the segments.
Result<MergeOptions> resolve(Asked asked) {
  MergeOptions options;
  options.mode = asked.mode;
  options.build = std::move(asked.build);
  if (!asked.chosen.segments.empty()) options.large = asked.chosen.segments.front();
  VAMANA_ASSIGN(options.rows,
                LiveRows::create(std::move(asked.chosen.segments), std::move(asked.chosen.deltas), asked.chosen.dead));
  return options;
}

void set_plan(Napi::Object& object, const MergePlan& plan) {
  set(object, "mode", kMergeModeNames[static_cast<size_t>(plan.mode)]);
  set(object, "vectorsInMemory", plan.vectors_in_memory);
  set(object, "kept", plan.kept);
  set(object, "dropped", plan.dropped);
  set(object, "fresh", plan.fresh);
}

Napi::Value plan_to_js(Napi::Env env, const MergePlan& plan) {
  Napi::Object object = build_plan_to_js(env, plan.build);
  set_plan(object, plan);
  return object;
}

Napi::Value report_to_js(Napi::Env env, const MergeReport& report) {
  Napi::Object object = build_report_to_js(env, report.build);
  set_plan(object, report.plan);
  Napi::Object seconds = object.Get("seconds").As<Napi::Object>();
  set(seconds, "repair", report.repair_seconds);
  set(object, "listsRepaired", report.lists_repaired);
  set(object, "orphans", report.orphans);
  set(object, "trainingError", report.training_error);
  set(object, "insertedError", report.inserted_error);
  return object;
}

class MergeCall final : public ProgressCall {
 public:
  MergeCall(Napi::Env env, Asked asked, std::shared_ptr<CancelFlag> cancel, const Napi::Function& listener)
      : ProgressCall(env, std::move(cancel), listener), asked_(std::move(asked)) {}

 protected:
  Status work() override {
    // Freed here, not on the JS thread, and before the call is settled: the parts may be the last of theirs.
    VAMANA_ASSIGN(const MergeOptions options, resolve(std::exchange(asked_, Asked())));
    const auto progress = [this](BuildStage stage, uint64_t done, uint64_t total) {
      report(build_stage_name(stage), done, total);
    };
    VAMANA_ASSIGN(report_, run_merge(options, *cancel(), progress));
    return Status();
  }
  Napi::Value result(Napi::Env env) override { return report_to_js(env, report_); }

 private:
  Asked asked_;
  MergeReport report_;
};

}  // namespace

Napi::Value plan_merge_call(const Napi::CallbackInfo& info, const std::shared_ptr<OpenStore>& store) {
  const Napi::Env env = info.Env();
  Result<Asked> asked = read_asked(info, *store);
  if (!asked.ok()) return rejected(env, asked.status());
  auto work = [asked = std::move(asked).value()](const CancelFlag&) -> Result<MergePlan> {
    VAMANA_ASSIGN(const MergeOptions options, resolve(asked));
    return plan_merge(options);
  };
  auto call = std::make_unique<SimpleCall<MergePlan>>(env, nullptr, std::move(work), plan_to_js);
  store->begin(*call, [store = store.get()] { store->forget_closed_segments(); });
  Instance& instance = Instance::of(env);
  return instance.start(instance.tasks(), std::move(call));
}

Napi::Value merge_segments_call(const Napi::CallbackInfo& info, const std::shared_ptr<OpenStore>& store) {
  const Napi::Env env = info.Env();
  Result<Asked> asked = read_asked(info, *store);
  if (!asked.ok()) return rejected(env, asked.status());
  const Result<std::shared_ptr<Throttle>> throttle = read_throttle(info[3], "throttle");
  if (!throttle.ok()) return rejected(env, throttle.status());
  const Result<std::shared_ptr<CancelFlag>> cancel = read_cancel(info[4], "cancel");
  if (!cancel.ok()) return rejected(env, cancel.status());
  const Result<Napi::Function> listener = read_callback(info[5], "onProgress");
  if (!listener.ok()) return rejected(env, listener.status());
  asked.value().build.throttle = throttle.value();
  auto call = std::make_unique<MergeCall>(env, std::move(asked).value(), cancel.value(), listener.value());
  store->begin(*call, [store = store.get()] { store->forget_closed_segments(); });
  Instance& instance = Instance::of(env);
  return instance.start(instance.jobs(), std::move(call));
}

}  // namespace vamana::addon
