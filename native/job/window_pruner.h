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
  // Holds at most `vectors_max` vectors. Prunes lists of run.graph, to the degree of run.options. REQUIRES run.vectors.
  WindowPruner(BuildRun& run, uint64_t vectors_max) : run_(run), vectors_max_(vectors_max) {}

  // REQUIRES fewer candidates than vectors_max.
  Status add(uint32_t node, std::span<const uint32_t> candidates) override;
  Status finish() override;

 private:
  uint32_t local(uint32_t node) const;
  void prune_list(const BuildSpace& space, std::span<const uint32_t> nodes);

  BuildRun& run_;
  const uint64_t vectors_max_;
  std::vector<uint32_t> nodes_;  // a node, then its candidates, and so on
  std::vector<size_t> begins_;
  std::vector<uint32_t> distinct_;
  AlignedBuffer vectors_;
};

}  // namespace vamana
