// Takes dead nodes out of a finished graph without building it anew: the consolidation of deletes of FreshDiskANN
// (Singh et al. 2021, algorithm 4). A live node that names dead ones gets, in their place, a choice among the live
// nodes that those name: what was two steps away through a dead node becomes one.
//
// The graph that is repaired is read only, and each node of the new one is worked out from it alone, so the order of
// the work does not matter: one thread and many give the same lists. Called by merges (job/streaming_merge.h).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/bit_chunks.h"
#include "base/cancel.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "graph/build_graph.h"
#include "graph/list_pruner.h"

namespace vamana {

// Writes the list of an old node, at most kMaxDegree distinct ones, and returns how many; there is room for
// kNeighbourRoom (graph/packed_graph.h). Any thread.
using OldLists = std::function<uint32_t(uint32_t node, uint32_t* out)>;

constexpr uint32_t kGone = 0xFFFFFFFFu;

// Which nodes of a graph of `rows` live on, and as what: numbered from 0 in their old order.
struct Survivors {
  std::vector<uint32_t> new_of;  // by old node; kGone for dead ones
  std::vector<uint32_t> old_of;  // by new node

  static Survivors of(uint64_t rows, const BitChunks& dead);
};

// A node with fewer candidates than this that lost neighbours is an orphan: its surroundings died, and a choice
// among what is left would be none.
constexpr uint32_t orphan_candidates(uint32_t degree) { return degree / 2; }

struct RepairedLists {
  uint64_t repaired = 0;          // nodes that lost a neighbour
  std::vector<uint32_t> orphans;  // new nodes, ascending: with what is left as their lists, to be linked as if fresh
};

// Fills the lists of graph's first survivors.old_of.size() nodes, through `pruner` where there are more candidates
// than `degree`; reachability is the caller's to see to (graph/reachability.h). `on_progress(done, of)` as for builds.
// ABORTED when cancelled. REQUIRES old lists of at most `degree`.
Result<RepairedLists> repair_lists(const OldLists& old, const Survivors& survivors, uint32_t degree, BuildGraph& graph,
                                   ListPruner& pruner, ThreadPool& pool, const CancelFlag& cancel,
                                   const std::function<void(uint64_t, uint64_t)>& on_progress);

// Where walks of the repaired graph begin: the entries that live, as new nodes; for one that is dead the first live
// node met breadth first from it, which is near it. At least one and each once. REQUIRES a survivor.
std::vector<uint32_t> surviving_entries(const OldLists& old, const Survivors& survivors,
                                        std::span<const uint32_t> entries);

}  // namespace vamana
