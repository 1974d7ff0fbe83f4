// planBuild(options) and build(options, cancel, onProgress) of src/binding.ts.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/arguments.h"
#include "addon/progress_call.h"
#include "job/build_job.h"

namespace vamana::addon {

// What all builds are asked: everything but the rows and the metric.
BuildOptions read_build_options(Fields& fields);

// NativeBuildPlan and NativeBuildReport.
Napi::Object build_plan_to_js(Napi::Env env, const BuildPlan& plan);
Napi::Object build_report_to_js(Napi::Env env, const BuildReport& report);

// A build on its way: NativeBuildReport is its result.
class BuildCall : public ProgressCall {
 public:
  BuildCall(Napi::Env env, BuildOptions options, std::shared_ptr<CancelFlag> cancel, const Napi::Function& listener)
      : ProgressCall(env, std::move(cancel), listener), options_(std::move(options)) {}

 protected:
  Status work() override;
  Napi::Value result(Napi::Env env) override;
  BuildOptions& options() { return options_; }

 private:
  BuildOptions options_;
  BuildReport report_;
};

Napi::Value plan_build_call(const Napi::CallbackInfo& info);
Napi::Value build_call(const Napi::CallbackInfo& info);

}  // namespace vamana::addon
