// How a build goes under its memory limit, decided before it begins from the figures of job/build_costs.h.
#include <algorithm>

#include "graph/packed_graph.h"
#include "job/build_costs.h"
#include "job/build_job.h"
#include "job/train_codec.h"

namespace vamana {

namespace {

constexpr uint32_t kMaxCodeBytes = 8192;

Status check_options(const BuildOptions& options) {
  const uint32_t dim = options.source.dim;
  if (dim < 1 || dim > kMaxDimension) {
    return Status(Code::kInvalidArgument, format("the dimension must be 1 to %u; found %u", kMaxDimension, dim));
  }
  if (options.source.rows < 1 || options.source.rows >= kMaxRows) {
    return Status(Code::kInvalidArgument,
                  format("a segment holds 1 to %llu rows; found %llu", static_cast<unsigned long long>(kMaxRows - 1),
                         static_cast<unsigned long long>(options.source.rows)));
  }
  if (options.degree < 4 || options.degree > kMaxDegree) {
    return Status(Code::kInvalidArgument, format("the degree must be 4 to %u; found %u", kMaxDegree, options.degree));
  }
  if (options.build_list < options.degree || options.build_list > 10000) {
    return Status(Code::kInvalidArgument, format("the build list must be the degree (%u) to 10000; found %u",
                                                 options.degree, options.build_list));
  }
  if (!(options.alpha >= 1.0f && options.alpha <= 4.0f)) {
    return Status(Code::kInvalidArgument, format("alpha must be 1 to 4; found %g", static_cast<double>(options.alpha)));
  }
  if (options.code_bytes < 1 || options.code_bytes > kMaxCodeBytes) {
    return Status(Code::kInvalidArgument,
                  format("a code has 1 to %u bytes; found %u", kMaxCodeBytes, options.code_bytes));
  }
  if (options.threads < 1 || options.threads > 1024) {
    return Status(Code::kInvalidArgument, format("threads must be 1 to 1024; found %u", options.threads));
  }
  return planned_code_bytes(options).status();
}

// The partitions of all plans that a limit may lead to, fewest first.
template <typename Visit>
void for_each_partitioning(const BuildOptions& options, Visit visit) {
  // Of a few rows there is nothing to divide.
  const uint64_t most = std::clamp<uint64_t>(options.source.rows / 64, kPartitionsMin, kPartitionsMax);
  for (uint64_t partitions = kPartitionsMin; partitions <= most; ++partitions) {
    if (!visit(static_cast<uint32_t>(partitions))) return;
  }
}

uint64_t least_stages_bytes(const BuildOptions& options) {
  uint64_t least = largest(memory_costs(options)).total();
  for_each_partitioning(options, [&](uint32_t partitions) {
    least = std::min(least, largest(partition_costs(options, partitions, BuildOrder::kPartitions)).total());
    return true;
  });
  return least;
}

}  // namespace

BuildPlan plan_for(const BuildOptions& options, uint32_t partitions, BuildOrder order, uint64_t process_bytes) {
  const StageCost top = largest(partitions == 1 ? memory_costs(options) : partition_costs(options, partitions, order));
  BuildPlan plan;
  plan.partitions = partitions;
  plan.order = order;
  plan.stage = top.name;
  plan.vectors_bytes = top.vectors;
  plan.graph_bytes = top.graph;
  plan.codes_bytes = top.codes;
  plan.buffers_bytes = top.buffers + kSlackBytes;
  plan.process_bytes = process_bytes;
  plan.peak_bytes = plan.vectors_bytes + plan.graph_bytes + plan.codes_bytes + plan.buffers_bytes + plan.process_bytes;
  plan.least_bytes = least_stages_bytes(options) + kSlackBytes + plan.process_bytes + kLeastMargin;
  return plan;
}

Result<BuildPlan> plan_build(const BuildOptions& options, uint64_t process_bytes) {
  VAMANA_TRY(check_options(options));
  const uint64_t limit = options.memory_limit;
  BuildPlan plan = plan_for(options, 1, options.order, process_bytes);
  if (limit == 0 || plan.peak_bytes <= limit) return plan;
  for (const BuildOrder order : {BuildOrder::kBisection, BuildOrder::kPartitions}) {
    uint32_t found = 0;
    for_each_partitioning(options, [&](uint32_t partitions) {
      if (largest(partition_costs(options, partitions, order)).total() + kSlackBytes + process_bytes > limit)
        return true;
      found = partitions;
      return false;
    });
    if (found != 0) return plan_for(options, found, order, process_bytes);
  }
  return Status(Code::kMemoryLimit,
                format("this build needs %llu bytes in memory, the limit is %llu; in partitions the least possible "
                       "limit for it is %llu",
                       static_cast<unsigned long long>(plan.peak_bytes), static_cast<unsigned long long>(limit),
                       static_cast<unsigned long long>(plan.least_bytes)));
}

}  // namespace vamana
