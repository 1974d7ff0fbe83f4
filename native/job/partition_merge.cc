#include "job/partition_merge.h"

#include <algorithm>

#include "job/build_costs.h"
#include "job/window_pruner.h"

namespace vamana {

Status merge_lists(BuildRun& run, ListSpill& spill, const std::function<void(uint64_t done)>& on_progress) {
  const uint32_t degree = run.options.degree;
  std::vector<uint32_t> node_of(run.rows());
  for (uint64_t node = 0; node < run.rows(); ++node) node_of[run.row_of[node]] = static_cast<uint32_t>(node);
  for (uint32_t& entry : run.entries) entry = node_of[entry];
  VAMANA_ASSIGN(run.graph, BuildGraph::create(run.rows(), degree));
  WindowPruner pruner(run, merge_window_vectors(run.vector_bytes(), degree));
  std::vector<uint32_t> merged;
  for (uint64_t done = 0;; ++done) {
    uint32_t row = 0;
    std::span<const uint32_t> list;
    VAMANA_ASSIGN(const bool more, spill.next(&row, &list));
    if (!more) break;
    if (done % 4096 == 0) on_progress(done);
    const uint32_t node = node_of[row];
    const auto before = run.graph.list(node);
    merged.assign(before.begin(), before.end());
    for (const uint32_t neighbour : list) {
      const uint32_t other = node_of[neighbour];
      if (std::find(before.begin(), before.end(), other) == before.end()) merged.push_back(other);
    }
    if (merged.size() <= degree) {
      run.graph.set(node, merged);
    } else {
      VAMANA_TRY(pruner.add(node, merged));
    }
    if (run.cancel.cancelled()) return aborted_status("the build");
  }
  return pruner.finish();
}

}  // namespace vamana
