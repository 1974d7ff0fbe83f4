// What each stage of a streaming merge holds in RAM, computed beforehand; the stages allocate by these figures.
#pragma once

#include <cstdint>
#include <vector>

#include "job/build_costs.h"
#include "job/merge_job.h"

namespace vamana {

std::vector<StageCost> streaming_costs(const MergeOptions& options, bool vectors_in_memory);

// Vectors that are held at once where lists are pruned with vectors from the disk.
uint64_t prune_window_vectors(const BuildOptions& options);

}  // namespace vamana
