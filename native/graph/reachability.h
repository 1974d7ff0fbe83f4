// Can a walk that begins at the entry come to every node? Counting, and the repair that makes it so.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

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

}  // namespace vamana
