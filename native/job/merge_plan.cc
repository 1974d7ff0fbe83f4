// How a streaming merge goes under its memory limit, decided before it begins from the figures of job/merge_costs.h.
#include <algorithm>

#include "base/process_memory.h"
#include "job/merge_costs.h"
#include "job/merge_job.h"

namespace vamana {

namespace {

MergePlan plan_beside(uint64_t process, const MergeOptions& options, bool vectors_in_memory) {
  const StageCost top = largest(streaming_costs(options, vectors_in_memory));
  const uint64_t least =
      std::min(largest(streaming_costs(options, true)).total(), largest(streaming_costs(options, false)).total());
  MergePlan plan;
  plan.vectors_in_memory = vectors_in_memory;
  plan.kept = options.large.segment->rows() - options.large.dead_nodes.count();
  plan.dropped = options.large.dead_nodes.count();
  plan.fresh = options.rows->rows() - plan.kept;
  plan.build.stage = top.name;
  plan.build.vectors_bytes = top.vectors;
  plan.build.graph_bytes = top.graph;
  plan.build.codes_bytes = top.codes;
  plan.build.buffers_bytes = top.buffers + kSlackBytes;
  plan.build.process_bytes = process;
  plan.build.peak_bytes = top.total() + kSlackBytes + process;
  plan.build.least_bytes = least + kSlackBytes + process + kLeastMargin;
  return plan;
}

Result<MergePlan> plan_streaming(const MergeOptions& options) {
  if (options.large.segment == nullptr) {
    return Status(Code::kInvalidArgument, "a streaming merge keeps the graph of a segment; found none, use a rebuild");
  }
  if (options.large.segment->rows() == options.large.dead_nodes.count()) {
    return Status(Code::kInvalidArgument,
                  format("%s: no row of it lives, so there is no graph to keep; leave it out, or use a rebuild",
                         options.large.segment->dir().c_str()));
  }
  const uint64_t rows = options.rows->rows();
  if (rows >= kMaxRows) {
    return Status(Code::kInvalidArgument,
                  format("a segment holds at most %llu rows; found %llu", static_cast<unsigned long long>(kMaxRows - 1),
                         static_cast<unsigned long long>(rows)));
  }
  const uint64_t process = process_memory().resident, limit = options.build.memory_limit;
  for (const bool in_memory : {true, false}) {
    MergePlan plan = plan_beside(process, options, in_memory);
    if (limit == 0 || plan.build.peak_bytes <= limit) return plan;
  }
  const MergePlan plan = plan_beside(process, options, false);
  return Status(
      Code::kMemoryLimit,
      format("this merge needs %llu bytes with vectors read in windows, the limit is %llu; the least possible "
             "limit for it is %llu",
             static_cast<unsigned long long>(plan.build.peak_bytes), static_cast<unsigned long long>(limit),
             static_cast<unsigned long long>(plan.build.least_bytes)));
}

}  // namespace

MergePlan streaming_plan(const MergeOptions& options, bool vectors_in_memory) {
  return plan_beside(process_memory().resident, options, vectors_in_memory);
}

Result<MergePlan> plan_merge(const MergeOptions& options) {
  if (options.rows->rows() == 0) {
    return Status(Code::kInvalidArgument, "a merge of at least one live row; found 0 in its parts");
  }
  if (options.mode == MergeMode::kStreaming) return plan_streaming(options);
  MergePlan plan;
  plan.mode = MergeMode::kRebuild;
  plan.fresh = options.rows->rows();
  VAMANA_ASSIGN(plan.build, plan_build(rebuild_options(options)));
  plan.vectors_in_memory = plan.build.partitions == 1;
  return plan;
}

}  // namespace vamana
