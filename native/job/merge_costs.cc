#include "job/merge_costs.h"

#include <algorithm>
#include <bit>

#include "base/coding.h"
#include "graph/batch_linker.h"
#include "graph/list_pruner.h"
#include "graph/packed_graph.h"
#include "graph/reorder.h"
#include "graph/vamana_builder.h"
#include "job/code_links.h"
#include "job/merge_codes.h"

namespace vamana {

namespace {

constexpr uint64_t kMiB = 1 << 20;
// Read and write windows.
constexpr uint64_t kWindows = 6 * kMiB;
constexpr uint64_t kIdBytes = sizeof(uint32_t);
// Candidates gathered for a chunk of nodes, and the scratch of gathering.
constexpr uint64_t kGathered = 12 * kMiB;

}  // namespace

uint64_t prune_window_vectors(const BuildOptions& options) {
  const uint64_t vector_bytes = uint64_t{options.source.dim} * element_bytes(options.source.element);
  return std::clamp<uint64_t>(8 * kMiB / vector_bytes, CodeLinks::candidates_max(options) + 1, 1 << 16);
}

std::vector<StageCost> streaming_costs(const MergeOptions& options, bool vectors_in_memory) {
  const BuildOptions build = streaming_options(options);
  const Segment& large = *options.large.segment;
  const uint64_t rows = build.source.rows, old = large.rows(), kept = old - options.large.dead_nodes.count();
  const uint64_t fresh = rows - kept, ids = rows * kIdBytes;
  const uint64_t vector_bytes = uint64_t{build.source.dim} * element_bytes(build.source.element);
  const uint64_t vectors = vectors_in_memory ? rows * vector_bytes : 0;
  const uint64_t graph = BuildGraph::bytes(rows, build_places(build.degree));
  const uint64_t parameters = uint64_t{build.source.dim} * 256 * sizeof(float);
  const uint32_t code_bytes = large.codec().code_bytes();
  const bool lifted = build.metric == Metric::kDot;
  const uint64_t codes = parameters + MergeCodes::bytes(code_bytes, fresh, lifted && !vectors_in_memory ? rows : 0);
  const uint64_t lifts = lifted && vectors_in_memory ? ids : 0;
  VamanaParams params;
  params.prune.degree = build.degree;
  params.build_list = build.build_list;
  // No gap of a packed list needs more bits than a row number has.
  const uint64_t packed = rows * (div_up(uint64_t{build.degree} * std::bit_width(rows), 8) + 5) + 2 * kMiB;
  // The places of the nodes kept are held from beginning to end.
  const uint64_t kept_places = kept * kIdBytes + kWindows;
  const uint64_t window = prune_window_vectors(build) * (vector_bytes + 4 * kIdBytes);
  const uint64_t pruning = lifts + (vectors_in_memory ? ExactPruner::bytes(build.threads) : window);
  const uint64_t linking = vectors_in_memory ? lifts : window + CodeLinks::bytes(build);
  const uint64_t reached = rows / 8 + 2 * ids;
  const uint64_t insertion = linking + vamana_scratch_bytes(rows, params, build.threads) + reached;
  const uint64_t bisection = bisection_bytes(rows, build.degree, build.threads) + 2 * ids + fresh * sizeof(uint64_t);
  const uint64_t all_codes = parameters + code_area_bytes(code_layout(code_bytes), rows);
  std::vector<StageCost> stages = {
      {"read", vectors, 0, codes, kept_places + old * kIdBytes},
      {"repair", vectors, graph, codes, kept_places + old * kIdBytes + kGathered + pruning},
      {"insert", vectors, graph, codes, kept_places + 2 * fresh * kIdBytes + insertion},
      {"reorder", vectors, graph, codes, kept_places + ids + bisection},
      {"pack", vectors, (vectors_in_memory ? graph : 0) + packed, codes, kept_places + 3 * ids},
      {"write", vectors, 0, codes + all_codes, kept_places + 3 * ids},
  };
  if (!vectors_in_memory) stages.push_back({"unload", 0, graph, codes, kept_places + 3 * ids});
  return stages;
}

}  // namespace vamana
