#include "graph/batch_linker.h"

#include <algorithm>
#include <vector>

namespace vamana {

namespace {

constexpr double kBatchShare = 0.02;

// Reverse edges of one batch, grouped by the list they change.
struct ReverseEdges {
  std::vector<ReverseEdge> edges;
  std::vector<size_t> groups;

  void collect(std::span<const uint32_t> batch, const BuildGraph& graph) {
    edges.clear();
    for (const uint32_t node : batch) {
      for (const uint32_t target : graph.list(node)) edges.push_back(uint64_t{target} << 32 | node);
    }
    std::sort(edges.begin(), edges.end());
    groups.clear();
    for (size_t i = 0; i < edges.size(); ++i) {
      if (i == 0 || edge_target(edges[i]) != edge_target(edges[i - 1])) groups.push_back(i);
    }
    groups.push_back(edges.size());
  }
};

}  // namespace

uint32_t build_places(uint32_t degree) { return degree + degree / 2 + 1; }

uint64_t batch_rows_max(uint64_t rows) {
  return std::max<uint64_t>(1, static_cast<uint64_t>(kBatchShare * static_cast<double>(rows)));
}

Status link_in_batches(std::span<uint32_t> order, uint64_t linked, BuildGraph& graph, BatchLinks& links,
                       const CancelFlag& cancel, const std::function<void(uint64_t, uint64_t)>& on_progress) {
  const uint64_t all = linked + order.size(), batch_max = batch_rows_max(all);
  ReverseEdges reverse;
  for (uint64_t done = 0; done < order.size();) {
    if (cancel.cancelled()) return aborted_status("linking");
    const uint64_t size = std::min({linked + done, batch_max, order.size() - done});
    const std::span<uint32_t> batch = order.subspan(done, size);
    // In node order neighbours in space are searched for one after the other, so that what one search
    // brought into the cache serves the next.
    std::sort(batch.begin(), batch.end());
    VAMANA_TRY(links.give_lists(batch, graph));
    reverse.collect(batch, graph);
    VAMANA_TRY(links.add_edges(reverse.edges, reverse.groups, graph));
    done += size;
    on_progress(linked + done, all);
  }
  return links.trim(graph);
}

}  // namespace vamana
