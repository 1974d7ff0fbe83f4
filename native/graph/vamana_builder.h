// Builds the Vamana graph of vectors in RAM: from the medoid alone, in a random order, batch after batch
// (graph/batch_linker.h).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/cancel.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "graph/build_graph.h"
#include "graph/build_space.h"
#include "graph/exact_links.h"

namespace vamana {

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
