// Links one row after the other into the graph of a delta: the insert of FreshDiskANN (Singh et al. 2021), which is
// Vamana's, for one row: greedy search for the row over what is linked, robust pruning of what it met, edges back.
//
// Every linked row can be reached, by construction: each but the first has a parent, one neighbour whose list names
// it, and the edges from parents to children make a tree from slot 0 that pruning never drops. A row whose neighbours
// all have as many children as they may takes the place of one of them: v -> child becomes v -> row -> child.
//
// Called by Delta. Thread safety: one thread at a time; readers walk over the graph meanwhile (delta_graph.h).
#pragma once

#include <cstdint>
#include <vector>

#include "delta/delta_entries.h"
#include "delta/delta_graph.h"
#include "delta/delta_memory.h"
#include "delta/delta_space.h"
#include "graph/greedy_search.h"
#include "graph/robust_prune.h"
#include "graph/visited_tags.h"

namespace vamana {

// The parent of slot 0.
constexpr uint32_t kNoParent = 0xFFFFFFFFu;

class DeltaInserter {
 public:
  // `memory` outlives this.
  DeltaInserter(const DeltaMemory& memory, const PruneParams& prune, uint32_t build_list);

  // Where searches begin, of readers too.
  const DeltaEntries& entries() const { return entries_; }

  // Links `slot`. REQUIRES that all slots below are linked.
  void insert(uint32_t slot);

 private:
  void connect(uint32_t slot);
  void adopt(uint32_t slot);
  uint32_t first_child(uint32_t slot) const;
  bool may_have_child(uint32_t slot) const;
  void add_reverse(uint32_t slot, uint32_t neighbour);
  void keep_children(uint32_t slot);

  const DeltaMemory& memory_;
  const PruneParams prune_;
  const uint32_t build_list_;
  const uint32_t children_max_;
  DeltaGraph graph_;
  DeltaSpace space_;
  DeltaEntries entries_;

  // Scratch: nothing is allocated once it has grown.
  GreedyScratchWith<VisitedTags> greedy_;
  std::vector<uint32_t> own_;  // the new row's list
  std::vector<uint32_t> kept_;
  std::vector<uint32_t> children_;
  std::vector<Candidate> candidates_;
};

}  // namespace vamana
