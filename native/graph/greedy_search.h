// Algorithm 1 of DiskANN (Subramanya et al. 2019): greedy search over a graph under construction, with
// exact distances. Collects every node it expanded: the candidates that pruning chooses from.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "graph/candidate_list.h"
#include "graph/visited_set.h"

namespace vamana {

// Scratch of one build thread; nothing is allocated once it has grown to its working size.
template <typename Visited>
struct GreedyScratchWith {
  CandidateList beam;
  Visited visited;
  std::vector<Candidate> expanded;  // out: in the order of expansion
  std::vector<uint32_t> fresh;
};
using GreedyScratch = GreedyScratchWith<VisitedSet>;

// `Space` measures: distance(a, b) and prefetch(node), as BuildSpace has them. `Graph` gives list(node), which can
// be iterated and has a size(), and prefetch(node), as BuildGraph has them.
template <typename Space, typename Graph, typename Visited>
void greedy_search(const Space& space, const Graph& graph, std::span<const uint32_t> entries, uint32_t target,
                   size_t list_size, GreedyScratchWith<Visited>& scratch) {
  scratch.beam.reset(list_size);
  scratch.visited.reset(list_size * 24);
  scratch.expanded.clear();
  for (const uint32_t entry : entries) {
    if (scratch.visited.insert(entry)) scratch.beam.insert(space.distance(entry, target), entry);
  }
  Candidate current;
  while (scratch.beam.pop_nearest(&current)) {
    scratch.expanded.push_back(current);
    // The next to be expanded is the best of the rest, or a neighbour that is nearer: its list may travel meanwhile.
    const Candidate* const next = scratch.beam.nearest();
    float nearest = std::numeric_limits<float>::infinity();
    if (next != nullptr) {
      nearest = next->distance;
      graph.prefetch(next->node);
    }
    const auto list = graph.list(current.node);
    if (scratch.fresh.size() < list.size()) scratch.fresh.resize(list.size());
    // Whether a neighbour is new can not be foreseen, so no branch hangs on it.
    size_t fresh = 0;
    for (const uint32_t neighbour : list) {
      scratch.fresh[fresh] = neighbour;
      fresh += scratch.visited.insert(neighbour);
    }
    for (size_t i = 0; i < fresh; ++i) space.prefetch(scratch.fresh[i]);
    for (size_t i = 0; i < fresh; ++i) {
      const float distance = space.distance(scratch.fresh[i], target);
      if (!scratch.beam.would_enter(distance)) continue;
      scratch.beam.insert(distance, scratch.fresh[i]);
      if (distance < nearest) {
        nearest = distance;
        graph.prefetch(scratch.fresh[i]);
      }
    }
  }
}

template <typename Space, typename Graph, typename Visited>
void greedy_search(const Space& space, const Graph& graph, uint32_t entry, uint32_t target, size_t list_size,
                   GreedyScratchWith<Visited>& scratch) {
  greedy_search(space, graph, std::span<const uint32_t>(&entry, 1), target, list_size, scratch);
}

}  // namespace vamana
