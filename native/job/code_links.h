// Linking fresh rows with codes in RAM and vectors on the disk: searches walk on codes, as those of users do, and what
// they found is fetched and pruned by exact distances. What a merge gives to link_in_batches() when not all vectors
// fit into its memory (FreshDiskANN prunes by codes too; exact distances keep the graph from drifting with them).
//
// Thread safety: none; one thread calls.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/batch_linker.h"
#include "graph/greedy_search.h"
#include "job/build_run.h"
#include "job/merge_codes.h"
#include "job/window_pruner.h"

namespace vamana {

class CodeLinks final : public BatchLinks {
 public:
  // Searches begin at run.entries. `pruner` prunes lists of run.graph, the one that is linked. What is referred to
  // outlives this.
  CodeLinks(BuildRun& run, const MergeCodes& codes, WindowPruner& pruner);
  // Bytes that it holds, for plans.
  static uint64_t bytes(const BuildOptions& options);
  // The most candidates of a list that it gives to the pruner.
  static uint64_t candidates_max(const BuildOptions& options);

  Status give_lists(std::span<const uint32_t> batch, BuildGraph& graph) override;
  Status add_edges(std::span<const ReverseEdge> edges, std::span<const size_t> groups, BuildGraph& graph) override;
  Status trim(BuildGraph& graph) override;

 private:
  struct WorkerScratch {
    explicit WorkerScratch(const MergeCodes& codes) : space(codes) {}
    MergeCodeSpace space;
    GreedyScratch greedy;
    std::vector<float> wide;
  };

  void search(uint32_t node, const uint8_t* vector, const BuildGraph& graph, WorkerScratch& scratch,
              std::vector<uint32_t>& found) const;

  BuildRun& run_;
  WindowPruner& pruner_;
  std::vector<WorkerScratch> scratch_;
  std::vector<uint8_t> vectors_;              // of some of the batch in hand
  std::vector<std::vector<uint32_t>> found_;  // by them
};

}  // namespace vamana
