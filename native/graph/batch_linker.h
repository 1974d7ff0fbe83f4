// Links nodes into a graph in batches of two phases (as ParlayANN, Manohar et al. 2024): a read phase finds and
// prunes candidates for every node of the batch on a graph nobody changes, a commit phase applies them grouped by
// the node they change. So nothing needs a lock, and one thread and many give the same bytes.
//
// A build begins with one node linked and adds all others; a merge begins with a segment's graph and adds the fresh
// rows. What differs is where distances come from, which BatchLinks hides: vectors in RAM (graph/exact_links.h), or
// codes in RAM and vectors on the disk (job/code_links.h).
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/cancel.h"
#include "base/status.h"
#include "graph/build_graph.h"

namespace vamana {

// Reverse edges may overfill a list by this factor before it is pruned again, so that a prune is paid for
// by several new edges.
uint32_t build_places(uint32_t degree);

// Nodes of one batch do not see each other, so a batch is at most a share of the whole.
uint64_t batch_rows_max(uint64_t rows);

// An edge that its target still lacks: target << 32 | source.
using ReverseEdge = uint64_t;
inline uint32_t edge_target(ReverseEdge edge) { return static_cast<uint32_t>(edge >> 32); }
inline uint32_t edge_source(ReverseEdge edge) { return static_cast<uint32_t>(edge); }

// How lists come about. Each method is called by one thread and may use a pool of its own; the lists that it leaves
// must not depend on the number of threads.
class BatchLinks {
 public:
  virtual ~BatchLinks() = default;
  // Sets the list of each node of `batch`, of at most the degree. Searches must not see lists of the batch.
  virtual Status give_lists(std::span<const uint32_t> batch, BuildGraph& graph) = 0;
  // Adds the sources to the lists of their targets. `edges` ascend; the edges of group g, which share one target, are
  // [groups[g], groups[g + 1]). A list that would get longer than graph.places() is pruned to the degree.
  virtual Status add_edges(std::span<const ReverseEdge> edges, std::span<const size_t> groups, BuildGraph& graph) = 0;
  // Brings every list down to the degree.
  virtual Status trim(BuildGraph& graph) = 0;
};

// Links the nodes of `order` one batch after another (sorting within each), `linked` others being linked already; a
// batch is never larger than what is linked before it. `on_progress(linked, of)` is called on the calling thread after
// every batch. ABORTED when cancelled.
Status link_in_batches(std::span<uint32_t> order, uint64_t linked, BuildGraph& graph, BatchLinks& links,
                       const CancelFlag& cancel, const std::function<void(uint64_t, uint64_t)>& on_progress);

}  // namespace vamana
