// What a build will need, computed before it begins: run_build() allocates by the same numbers.
#include <algorithm>

#include "base/process_memory.h"
#include "codec/codec.h"
#include "graph/locality_order.h"
#include "graph/packed_graph.h"
#include "graph/reorder.h"
#include "graph/vamana_builder.h"
#include "job/build_job.h"

namespace vamana {

namespace {

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
  if (options.code_bytes < 1 || options.code_bytes > 256) {
    return Status(Code::kInvalidArgument, format("a code has 1 to 256 bytes; found %u", options.code_bytes));
  }
  if (options.threads < 1 || options.threads > 1024) {
    return Status(Code::kInvalidArgument, format("threads must be 1 to 1024; found %u", options.threads));
  }
  if (options.code == CodecChoice::kRabitq) {
    return Status(Code::kUnsupported, "the codec \"rabitq\" is not in this version; use \"pq\"");
  }
  return Status();
}

}  // namespace

Result<BuildPlan> plan_build(const BuildOptions& options) {
  VAMANA_TRY(check_options(options));
  const uint64_t rows = options.source.rows, dim = options.source.dim;
  const uint64_t vector_bytes = dim * element_bytes(options.source.element);
  VamanaParams params;
  params.prune.degree = options.degree;
  params.build_list = options.build_list;

  BuildPlan plan;
  plan.vectors_bytes = rows * vector_bytes;
  plan.graph_bytes = BuildGraph::bytes(rows, build_places(options.degree));
  const auto sub_vectors = static_cast<uint32_t>(std::min<uint64_t>(options.code_bytes, dim));
  plan.codes_bytes = code_area_bytes(code_layout(sub_vectors), rows) + dim * 256 * sizeof(float);
  // What the hungriest stage needs besides: the locality order, the codec's sample with its copy by
  // sub-vector, the graph's build, its bisection, or the packed graph (at 32 bits an edge at most), which
  // stands beside the one it is made from. The orders themselves stay to the end.
  const uint64_t sample = std::min<uint64_t>(rows, kTrainingRows) * dim * sizeof(float);
  const uint64_t order = rows * 4 * sizeof(uint32_t);
  const uint64_t packed = rows * (uint64_t{options.degree} * 4 + 5);
  plan.buffers_bytes = std::max({vamana_scratch_bytes(rows, params, options.threads), 2 * sample, packed,
                                 bisection_bytes(rows, options.degree, options.threads),
                                 locality_order_bytes(rows, options.source.dim, options.threads)}) +
                       order + (uint64_t{16} << 20);
  plan.process_bytes = process_memory().resident;
  plan.peak_bytes = plan.vectors_bytes + plan.graph_bytes + plan.codes_bytes + plan.buffers_bytes + plan.process_bytes;
  if (options.memory_limit != 0 && plan.peak_bytes > options.memory_limit) {
    return Status(
        Code::kMemoryLimit,
        format("this build needs %llu bytes, the limit is %llu; the least possible limit for it is %llu",
               static_cast<unsigned long long>(plan.peak_bytes), static_cast<unsigned long long>(options.memory_limit),
               static_cast<unsigned long long>(plan.peak_bytes)));
  }
  return plan;
}

}  // namespace vamana
