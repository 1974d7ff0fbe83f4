#include "addon/build_call.h"

#include "addon/arguments.h"
#include "addon/cancel_handle.h"
#include "addon/errors.h"
#include "addon/instance.h"
#include "addon/names.h"
#include "addon/progress_call.h"
#include "addon/values.h"
#include "graph/packed_graph.h"
#include "job/build_job.h"

namespace vamana::addon {
namespace {

// Representation is checked here (a u32 must hold it); what makes sense together is the job's to judge.
VectorFileShape read_source(Fields& options) {
  VectorFileShape source;
  Fields fields(options.object("source"), "options.source");
  source.path = fields.path("path");
  source.rows = fields.integer("rows", 0, kMaxRows);
  source.dim = fields.integer32("dim", 1, kMaxDimension);
  source.element = static_cast<Element>(fields.choice("element", kElementNames));
  source.float64 = fields.boolean("float64");
  source.row_prefix = fields.boolean("rowPrefix");
  source.offset = fields.integer("offset", 0, kMaxSafeInteger);
  source.stride = fields.integer("stride", 1, kMaxSafeInteger);
  options.fail(fields.status());
  return source;
}

Result<BuildOptions> read_options(const Napi::Value& value) {
  Fields fields(value, "options");
  const VectorFileShape source = read_source(fields);
  BuildOptions options = read_build_options(fields);
  options.source = source;
  options.metric = static_cast<Metric>(fields.choice("metric", kMetricNames));
  options.order = static_cast<BuildOrder>(fields.choice("order", kOrderNames));
  VAMANA_TRY(fields.status());
  return options;
}

}  // namespace

Napi::Object build_plan_to_js(Napi::Env env, const BuildPlan& plan) {
  Napi::Object object = Napi::Object::New(env);
  set(object, "partitions", plan.partitions);
  object.Set("order", build_order_name(plan.order));
  object.Set("stage", plan.stage);
  set(object, "vectorsBytes", plan.vectors_bytes);
  set(object, "graphBytes", plan.graph_bytes);
  set(object, "codesBytes", plan.codes_bytes);
  set(object, "buffersBytes", plan.buffers_bytes);
  set(object, "processBytes", plan.process_bytes);
  set(object, "peakBytes", plan.peak_bytes);
  set(object, "leastBytes", plan.least_bytes);
  return object;
}

Napi::Object build_report_to_js(Napi::Env env, const BuildReport& report) {
  Napi::Object seconds = Napi::Object::New(env);
  set(seconds, "total", report.seconds.total);
  set(seconds, "read", report.seconds.read);
  set(seconds, "train", report.seconds.train);
  set(seconds, "graph", report.seconds.graph);
  set(seconds, "reorder", report.seconds.reorder);
  set(seconds, "write", report.seconds.write);
  Napi::Object files = Napi::Object::New(env);
  set(files, "vectors", report.files.vectors);
  set(files, "graph", report.files.graph);
  set(files, "codes", report.files.codes);
  set(files, "rows", report.files.rows);
  Napi::Object object = Napi::Object::New(env);
  set(object, "rows", report.rows);
  set(object, "dim", report.dim);
  object.Set("seconds", seconds);
  set(object, "rssPeak", report.rss_peak);
  set(object, "degreeMean", report.degree_mean);
  set(object, "bitsPerEdge", report.bits_per_edge);
  set(object, "unreachable", report.unreachable);
  set(object, "repaired", report.repaired);
  set(object, "partitions", report.partitions);
  object.Set("order", build_order_name(report.order));
  object.Set("files", files);
  return object;
}

BuildOptions read_build_options(Fields& fields) {
  BuildOptions options;
  options.dir = fields.path("dir");
  options.degree = fields.integer32("degree", 1, kMaxDegree);
  options.build_list = fields.integer32("buildList", 1, kMaxListSize);
  options.alpha = static_cast<float>(fields.number("alpha", 1, 100));
  options.code = static_cast<CodecChoice>(fields.choice("code", kCodeNames));
  options.code_bytes = fields.integer32("codeBytes", 1, kMaxDimension);
  options.memory_limit = fields.integer("memoryLimit", 0, kMaxSafeInteger);
  options.threads = fields.integer32("threads", 1, kMaxThreads);
  options.seed = fields.integer("seed", 0, kMaxSafeInteger);
  return options;
}

Status BuildCall::work() {
  const auto progress = [this](BuildStage stage, uint64_t done, uint64_t total) {
    report(build_stage_name(stage), done, total);
  };
  VAMANA_ASSIGN(report_, run_build(options_, *cancel(), progress));
  return Status();
}

Napi::Value BuildCall::result(Napi::Env env) { return build_report_to_js(env, report_); }

Napi::Value plan_build_call(const Napi::CallbackInfo& info) {
  const Result<BuildOptions> options = read_options(info[0]);
  if (!options.ok()) return rejected(info.Env(), options.status());
  auto call = std::make_unique<SimpleCall<BuildPlan>>(
      info.Env(), nullptr, [options = options.value()](const CancelFlag&) { return plan_build(options); },
      build_plan_to_js);
  Instance& instance = Instance::of(info.Env());
  return instance.start(instance.tasks(), std::move(call));
}

Napi::Value build_call(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Result<BuildOptions> options = read_options(info[0]);
  if (!options.ok()) return rejected(env, options.status());
  const Result<std::shared_ptr<CancelFlag>> cancel = read_cancel(info[1], "cancel");
  if (!cancel.ok()) return rejected(env, cancel.status());
  const Result<Napi::Function> listener = read_callback(info[2], "onProgress");
  if (!listener.ok()) return rejected(env, listener.status());
  Instance& instance = Instance::of(env);
  return instance.start(instance.jobs(),
                        std::make_unique<BuildCall>(env, options.value(), cancel.value(), listener.value()));
}

}  // namespace vamana::addon
