#include "graph/robust_prune.h"

#include <algorithm>

namespace vamana {

void robust_prune(const BuildSpace& space, uint32_t node, const PruneParams& params, std::vector<Candidate>& candidates,
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
