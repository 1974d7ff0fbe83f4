// Where fresh rows belong in the order of the nodes kept, which near nodes stand near in already: what the reorder of a
// merge starts from.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/build_graph.h"

namespace vamana {

// node_at[place]: nodes below `kept` in their own order, every other one behind the node kept that its list names
// first, its nearest. One that names none goes where a fresh neighbour went, or to the end.
std::vector<uint32_t> places_of_fresh(const BuildGraph& graph, uint64_t kept);

}  // namespace vamana
