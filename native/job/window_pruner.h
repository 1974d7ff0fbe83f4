// Prunes lists whose vectors are still in the source: as many lists wait as there is room for vectors, then those that
// they name are fetched at once, in the order of the source.
//
// Thread safety: none; one thread calls.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "graph/build_space.h"
#include "graph/list_pruner.h"
#include "job/build_run.h"

namespace vamana {

class WindowPruner final : public ListPruner {
 public:
  // Holds at most `vectors_max` vectors, each once, for lists that name at most `names_max` together. Prunes lists of
  // run.graph, to the degree of run.options. REQUIRES run.vectors.
  WindowPruner(BuildRun& run, uint64_t vectors_max, uint64_t names_max)
      : run_(run), vectors_max_(vectors_max), names_max_(names_max), named_(run.rows(), false) {}

  // REQUIRES fewer candidates than either.
  Status add(uint32_t node, std::span<const uint32_t> candidates) override;
  Status finish() override;

 private:
  void name(uint32_t node);
  uint32_t local(uint32_t node) const;
  void prune_list(const BuildSpace& space, std::span<const uint32_t> nodes);

  BuildRun& run_;
  const uint64_t vectors_max_;
  const uint64_t names_max_;
  std::vector<bool> named_;      // by node: it is among distinct_
  std::vector<uint32_t> nodes_;  // a node, then its candidates, and so on
  std::vector<size_t> begins_;
  std::vector<uint32_t> distinct_;  // all nodes that are named; ascending once they are fetched
  AlignedBuffer vectors_;
};

}  // namespace vamana
