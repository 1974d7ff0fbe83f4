// Algorithm 2 of DiskANN (Subramanya et al. 2019): of many candidates keep those that are not better
// reached through one already kept. A candidate c is passed over when a kept s has
// alpha * d(s, c) <= d(node, c); alpha > 1 keeps some longer edges, which shortens walks.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/build_space.h"
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
void robust_prune(const BuildSpace& space, uint32_t node, const PruneParams& params, std::vector<Candidate>& candidates,
                  std::vector<uint32_t>& out);

}  // namespace vamana
