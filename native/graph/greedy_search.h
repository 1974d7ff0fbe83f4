// Algorithm 1 of DiskANN (Subramanya et al. 2019): greedy search over a graph under construction, with
// exact distances. Collects every node it expanded: the candidates that pruning chooses from.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/candidate_list.h"
#include "graph/visited_set.h"

namespace vamana {

// Scratch of one build thread; nothing is allocated once it has grown to its working size.
struct GreedyScratch {
  CandidateList beam;
  VisitedSet visited;
  std::vector<Candidate> expanded;  // out: in the order of expansion
  std::vector<uint32_t> fresh;
};

// `Space` measures: distance(a, b) and prefetch(node), as BuildSpace has them. `Graph` gives list(node), which can
// be iterated, and prefetch(node), as BuildGraph has them.
template <typename Space, typename Graph>
void greedy_search(const Space& space, const Graph& graph, uint32_t entry, uint32_t target, size_t list_size,
                   GreedyScratch& scratch) {
  scratch.beam.reset(list_size);
  scratch.visited.reset(list_size * 24);
  scratch.expanded.clear();
  scratch.visited.insert(entry);
  scratch.beam.insert(space.distance(entry, target), entry);
  Candidate current;
  while (scratch.beam.pop_nearest(&current)) {
    scratch.expanded.push_back(current);
    scratch.fresh.clear();
    for (const uint32_t neighbour : graph.list(current.node)) {
      if (!scratch.visited.insert(neighbour)) continue;
      space.prefetch(neighbour);
      scratch.fresh.push_back(neighbour);
    }
    for (const uint32_t neighbour : scratch.fresh) {
      const float distance = space.distance(neighbour, target);
      if (scratch.beam.would_enter(distance)) scratch.beam.insert(distance, neighbour);
    }
    uint32_t next;
    if (scratch.beam.peek_nearest(&next)) graph.prefetch(next);
  }
}

}  // namespace vamana
