// Pruning many lists whose candidates are known, wherever the vectors are: in RAM (ExactPruner, here) or on the disk
// (job/window_pruner.h). Repair and merges hand candidates over node by node; the pruner does many at a time.
//
// Thread safety: none; one thread calls, which lends the pool.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "base/thread_pool.h"
#include "graph/build_graph.h"
#include "graph/build_space.h"
#include "graph/robust_prune.h"

namespace vamana {

// Most candidates that a pruner is given for one node, whatever the degree.
constexpr uint32_t kPruneCandidatesMax = 512;

class ListPruner {
 public:
  virtual ~ListPruner() = default;
  // The list of `node` will be what robust pruning keeps of `candidates`: distinct, none the node itself, copied. At
  // the latest finish() has set it; a node is given once until then.
  virtual Status add(uint32_t node, std::span<const uint32_t> candidates) = 0;
  virtual Status finish() = 0;
};

class ExactPruner final : public ListPruner {
 public:
  // What is referred to outlives this.
  ExactPruner(const BuildSpace& space, const PruneParams& params, BuildGraph& graph, ThreadPool& pool)
      : space_(space), params_(params), graph_(graph), pool_(pool), scratch_(pool.threads()) {}

  Status add(uint32_t node, std::span<const uint32_t> candidates) override;
  Status finish() override;

  // Bytes that it holds, for plans.
  static uint64_t bytes(uint32_t threads);

 private:
  struct WorkerScratch {
    std::vector<Candidate> candidates;
    std::vector<uint32_t> kept;
  };

  const BuildSpace& space_;
  const PruneParams params_;
  BuildGraph& graph_;
  ThreadPool& pool_;
  std::vector<WorkerScratch> scratch_;
  std::vector<uint32_t> waiting_;  // a node, then its candidates, and so on
  std::vector<size_t> begins_;
};

}  // namespace vamana
