// Builds the Vamana graph in batches of two phases (as ParlayANN, Manohar et al. 2024): a read phase finds
// and prunes candidates for every node of the batch on a graph nobody changes, a commit phase applies them
// grouped by the node they change. So nothing needs a lock, and one thread and many give the same bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/cancel.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "graph/build_graph.h"
#include "graph/build_space.h"
#include "graph/robust_prune.h"

namespace vamana {

struct VamanaParams {
  PruneParams prune;
  uint32_t build_list = 75;
  uint64_t seed = 1;
};

// Reverse edges may overfill a list by this factor before it is pruned again, so that a prune is paid for
// by several new edges.
uint32_t build_places(uint32_t degree);

// Bytes of scratch besides graph and vectors, for the build plan.
uint64_t vamana_scratch_bytes(uint64_t rows, const VamanaParams& params, uint32_t threads);

struct VamanaResult {
  BuildGraph graph;  // no list longer than params.prune.degree
  uint32_t medoid = 0;
  uint64_t repaired = 0;  // nodes that had to be linked to be reachable from the medoid
};

// `on_progress(done, total)` is called on the calling thread after every batch. ABORTED when cancelled.
Result<VamanaResult> build_vamana(const BuildSpace& space, const VamanaParams& params, ThreadPool& pool,
                                  const CancelFlag& cancel, const std::function<void(uint64_t, uint64_t)>& on_progress);

}  // namespace vamana
