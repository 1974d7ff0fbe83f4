// Algorithm 2 of DiskANN (Subramanya et al. 2019): of many candidates keep those that are not better
// reached through one already kept. A candidate c is passed over when a kept s has
// alpha * d(s, c) <= d(node, c); alpha > 1 keeps some longer edges, which shortens walks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "graph/candidate_list.h"

namespace vamana {

struct PruneParams {
  uint32_t degree = 32;
  float alpha = 1.2f;
};

// `candidates` is sorted here; duplicates and `node` itself are dropped. Fills `out` with at most
// params.degree nodes: first those that pruning keeps, then, where it kept fewer, the nearest of those it
// passed over (backfill): an edge costs a few bits whether or not pruning liked it, and a fuller list makes
// dense and duplicated regions easier to cross.
//
// `Space` measures: distance(a, b), as BuildSpace has it.
template <typename Space>
void robust_prune(const Space& space, uint32_t node, const PruneParams& params, std::vector<Candidate>& candidates,
                  std::vector<uint32_t>& out) {
  out.clear();
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) { return a.before(b); });
  // `expanded` is free here and marks what was passed over, for the backfill.
  uint32_t previous = node;
  for (Candidate& candidate : candidates) {
    if (out.size() == params.degree) return;
    candidate.expanded = false;
    if (candidate.node == node || candidate.node == previous) continue;
    previous = candidate.node;
    bool covered = false;
    for (const uint32_t kept : out) {
      if (params.alpha * space.distance(kept, candidate.node) <= candidate.distance) {
        covered = true;
        break;
      }
    }
    if (covered) {
      candidate.expanded = true;
    } else {
      out.push_back(candidate.node);
    }
  }
  for (const Candidate& candidate : candidates) {
    if (out.size() == params.degree) return;
    if (candidate.expanded) out.push_back(candidate.node);
  }
}

}  // namespace vamana
