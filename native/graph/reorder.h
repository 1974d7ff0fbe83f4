// The final numbering of the nodes. A good one makes the gaps in the neighbour lists small (fewer bits an
// edge) and puts the candidates of one query on few pages.
#pragma once

#include <cstdint>
#include <vector>

#include "base/cancel.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "graph/build_graph.h"

namespace vamana {

// Recursive graph bisection (Dhulipala et al. 2016): halves a range of nodes so that the neighbours of each
// list fall on one side, by swapping the nodes that gain most, then does the same to each half. Starts from
// the graph's own numbering, which should be a locality order already. The log-gap cost that it lowers is
// the one the packed lists pay.
//
// A page of the vectors file holds `page_nodes` records, and what is kept together ends on one page.
//
// node_at[place] = node. The same for any thread count. ABORTED when cancelled.
Result<std::vector<uint32_t>> bisection_order(const BuildGraph& graph, uint32_t page_nodes, ThreadPool& pool,
                                              const CancelFlag& cancel);

// The same from another order than the graph's own numbering: start[place] = node, every node once.
Result<std::vector<uint32_t>> bisection_order_from(std::vector<uint32_t> start, const BuildGraph& graph,
                                                   uint32_t page_nodes, ThreadPool& pool, const CancelFlag& cancel);

// Breadth first from `entry`: the baseline that orders are measured against. REQUIRES all nodes reachable.
std::vector<uint32_t> breadth_first_order(const BuildGraph& graph, uint32_t entry);

// Bytes that bisection_order needs; from another order 8 bytes a node more.
uint64_t bisection_bytes(uint64_t rows, uint32_t degree, uint32_t threads);

}  // namespace vamana
