#include "graph/reachability.h"

#include <algorithm>

#include "graph/greedy_search.h"

namespace vamana {

uint64_t mark_reachable(uint32_t start, const std::function<std::span<const uint32_t>(uint32_t)>& neighbours,
                        std::vector<bool>& reached) {
  if (reached[start]) return 0;
  uint64_t count = 1;
  std::vector<uint32_t> open{start};
  reached[start] = true;
  while (!open.empty()) {
    const uint32_t node = open.back();
    open.pop_back();
    for (const uint32_t neighbour : neighbours(node)) {
      if (reached[neighbour]) continue;
      reached[neighbour] = true;
      ++count;
      open.push_back(neighbour);
    }
  }
  return count;
}

namespace {

// Gives `node` an edge from `from`, keeping all that `from` reached.
template <typename Space>
void link(BuildGraph& graph, const Space& space, uint32_t degree, uint32_t from, uint32_t node) {
  std::vector<uint32_t> list(graph.list(from).begin(), graph.list(from).end());
  if (list.size() < degree) {
    list.push_back(node);
    graph.set(from, list);
    return;
  }
  // The edge handed over is the one whose end is nearest to `node`: the detour is then shortest.
  const auto handed = std::min_element(list.begin(), list.end(), [&](uint32_t a, uint32_t b) {
    return space.distance(a, node) < space.distance(b, node);
  });
  const uint32_t end = *handed;
  *handed = node;
  graph.set(from, list);
  std::vector<uint32_t> own(graph.list(node).begin(), graph.list(node).end());
  if (std::find(own.begin(), own.end(), end) != own.end()) return;
  if (own.size() == degree) own.pop_back();
  own.push_back(end);
  graph.set(node, own);
}

template <typename Space>
uint32_t nearest_entry(const Space& space, std::span<const uint32_t> entries, uint32_t node) {
  if (entries.size() == 1) return entries[0];
  return *std::min_element(entries.begin(), entries.end(),
                           [&](uint32_t a, uint32_t b) { return space.distance(a, node) < space.distance(b, node); });
}

// `proceed` is asked before every node that is linked: a status that is not ok ends the work.
template <typename Space, typename Proceed>
Result<uint64_t> link_unreachable(const Space& space, uint32_t degree, uint32_t build_list,
                                  std::span<const uint32_t> entries, BuildGraph& graph, Proceed proceed) {
  const auto neighbours = [&graph](uint32_t node) { return graph.list(node); };
  std::vector<bool> reached(graph.rows(), false);
  uint64_t count = 0, linked = 0;
  for (const uint32_t entry : entries) count += mark_reachable(entry, neighbours, reached);
  GreedyScratch scratch;
  for (uint64_t i = 0; i < graph.rows() && count < graph.rows(); ++i) {
    const auto node = static_cast<uint32_t>(i);
    if (reached[node]) continue;
    VAMANA_TRY(proceed());
    // All that a search from an entry expands is reachable. The nearest with room is best.
    greedy_search(space, graph, nearest_entry(space, entries, node), node, build_list, scratch);
    auto& found = scratch.expanded;
    std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) { return a.before(b); });
    const auto roomy = std::find_if(found.begin(), found.end(),
                                    [&](const Candidate& c) { return graph.list(c.node).size() < degree; });
    link(graph, space, degree, roomy != found.end() ? roomy->node : found.front().node, node);
    count += mark_reachable(node, neighbours, reached);
    ++linked;
  }
  VAMANA_TRY(proceed());
  return linked;
}

}  // namespace

uint64_t make_reachable(const BuildSpace& space, const PruneParams& params, uint32_t build_list, uint32_t entry,
                        BuildGraph& graph) {
  return link_unreachable(space, params.degree, build_list, {&entry, 1}, graph, [] { return Status(); }).value();
}

Result<uint64_t> make_reachable(const BuildSpace& space, const PruneParams& params, uint32_t build_list,
                                std::span<const uint32_t> entries, BuildGraph& graph, const CancelFlag& cancel) {
  return link_unreachable(space, params.degree, build_list, entries, graph,
                          [&] { return cancel.cancelled() ? aborted_status("linking unreachable rows") : Status(); });
}

Result<uint64_t> make_reachable(const NodeDistances& space, const PruneParams& params, uint32_t build_list,
                                std::span<const uint32_t> entries, BuildGraph& graph, const CancelFlag& cancel) {
  return link_unreachable(space, params.degree, build_list, entries, graph, [&] {
    return cancel.cancelled() ? aborted_status("linking unreachable rows") : space.status();
  });
}

}  // namespace vamana
