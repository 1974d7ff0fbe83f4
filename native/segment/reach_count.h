// How many nodes of a packed graph no walk from its entry nodes can come to: `verify` reports it.
// graph/reachability does the same for a graph under construction, where it also repairs it; here the lists
// are packed and the count runs on all threads.
#pragma once

#include <cstdint>
#include <span>

#include "base/cancel.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "graph/packed_graph.h"

namespace vamana {

struct ReachCount {
  uint64_t unreachable = 0;
  uint32_t first_unreachable = 0;  // the smallest such node, when there is one
};

// REQUIRES a graph whose lists were checked and entries below its rows. ABORTED when cancelled. Needs a bit
// a node, and at the widest step of the search 4 bytes for each node of that step.
Result<ReachCount> count_unreachable(const PackedGraph& graph, std::span<const uint32_t> entries, ThreadPool& pool,
                                     const CancelFlag& cancel);

}  // namespace vamana
