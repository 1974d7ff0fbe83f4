// Can a walk that begins at the entry come to every node? Counting, and the repair that makes it so.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "base/status.h"
#include "graph/build_graph.h"
#include "graph/build_space.h"
#include "graph/robust_prune.h"

namespace vamana {

// Marks in `reached` (one a node) all that can be reached from `start` and was not marked before; returns
// how many those are, `start` included.
uint64_t mark_reachable(uint32_t start, const std::function<std::span<const uint32_t>(uint32_t)>& neighbours,
                        std::vector<bool>& reached);

// Links every unreachable node u: a reachable node v near it takes an edge to u, and where v has no room, u
// takes over v's edge to some w (v -> u -> w instead of v -> w). So nothing that was reachable is lost and
// every step reaches at least one more. REQUIRES lists no longer than the degree. Returns the nodes linked.
uint64_t make_reachable(const BuildSpace& space, const PruneParams& params, uint32_t build_list, uint32_t entry,
                        BuildGraph& graph);
// The same for a graph that is entered at several nodes. ABORTED when cancelled.
Result<uint64_t> make_reachable(const BuildSpace& space, const PruneParams& params, uint32_t build_list,
                                std::span<const uint32_t> entries, BuildGraph& graph, const CancelFlag& cancel);

// Distances between nodes whose vectors are not in RAM. Measuring cannot fail in the middle of a search, so a
// failure is remembered, and distances mean nothing from then on.
class NodeDistances {
 public:
  virtual ~NodeDistances() = default;
  virtual float distance(uint32_t node, uint32_t target) const = 0;
  virtual Status status() const = 0;
  void prefetch(uint32_t) const {}
};

// The same where measuring may fail: what `space` failed with.
Result<uint64_t> make_reachable(const NodeDistances& space, const PruneParams& params, uint32_t build_list,
                                std::span<const uint32_t> entries, BuildGraph& graph, const CancelFlag& cancel);

}  // namespace vamana
