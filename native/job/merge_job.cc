#include "job/merge_job.h"

#include "job/streaming_merge.h"

namespace vamana {

namespace {

Result<MergeReport> run_rebuild(const MergeOptions& options, const MergePlan& plan, const CancelFlag& cancel,
                                const BuildProgress& progress) {
  MergeReport report;
  report.plan = plan;
  VAMANA_ASSIGN(report.build, run_plan(rebuild_options(options), plan.build, cancel, progress));
  return report;
}

}  // namespace

BuildOptions rebuild_options(const MergeOptions& options) {
  BuildOptions build = options.build;
  build.row_source = options.rows;
  build.source.rows = options.rows->rows();
  build.source.dim = options.rows->dim();
  build.source.element = options.rows->element();
  return build;
}

BuildOptions streaming_options(const MergeOptions& options) {
  BuildOptions build = rebuild_options(options);
  const Segment& large = *options.large.segment;
  const GraphFields& graph = large.graph_header().graph;
  build.metric = large.metric();
  build.degree = graph.degree;
  build.build_list = graph.build_list;
  build.alpha = graph.alpha;
  build.order = BuildOrder::kBisection;
  build.code_bytes = large.codec().code_bytes();
  return build;
}

Result<MergeReport> run_merge_plan(const MergeOptions& options, const MergePlan& plan, const CancelFlag& cancel,
                                   const BuildProgress& progress) {
  return plan.mode == MergeMode::kStreaming ? run_streaming(options, plan, cancel, progress)
                                            : run_rebuild(options, plan, cancel, progress);
}

Result<MergeReport> run_merge(const MergeOptions& options, const CancelFlag& cancel, const BuildProgress& progress) {
  VAMANA_ASSIGN(const MergePlan plan, plan_merge(options));
  return run_merge_plan(options, plan, cancel, progress);
}

}  // namespace vamana
