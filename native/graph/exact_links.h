// Linking with full vectors in RAM: what a build in memory and a merge in memory give to link_in_batches().
//
// Thread safety: none; one thread calls, which lends the pool.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "graph/batch_linker.h"
#include "graph/build_space.h"
#include "graph/greedy_search.h"
#include "graph/robust_prune.h"

namespace vamana {

struct VamanaParams {
  PruneParams prune;
  uint32_t build_list = 75;
  uint64_t seed = 1;
};

class ExactLinks final : public BatchLinks {
 public:
  // Searches begin at `entries`. What is referred to outlives this.
  ExactLinks(const BuildSpace& space, const VamanaParams& params, std::span<const uint32_t> entries, ThreadPool& pool)
      : space_(space), params_(params), entries_(entries), pool_(pool), scratch_(pool.threads()) {}

  Status give_lists(std::span<const uint32_t> batch, BuildGraph& graph) override;
  Status add_edges(std::span<const ReverseEdge> edges, std::span<const size_t> groups, BuildGraph& graph) override;
  Status trim(BuildGraph& graph) override;

 private:
  struct WorkerScratch {
    GreedyScratch greedy;
    std::vector<Candidate> candidates;
    std::vector<uint32_t> pruned;
  };

  void add_to(std::span<const ReverseEdge> edges, BuildGraph& graph, WorkerScratch& scratch);
  void prune_list(uint32_t node, WorkerScratch& scratch);

  const BuildSpace& space_;
  const VamanaParams params_;
  const std::span<const uint32_t> entries_;
  ThreadPool& pool_;
  std::vector<WorkerScratch> scratch_;

  // Lists of the batch in hand, until all of its searches are done.
  std::vector<uint32_t> out_;
  std::vector<uint32_t> out_sizes_;
};

}  // namespace vamana
