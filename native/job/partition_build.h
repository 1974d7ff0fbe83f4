// The build for when not all vectors fit into the memory limit, as DiskANN does it (Subramanya et al. 2019,
// section 3.3): overlapping partitions, each linked in RAM by itself, merged into one graph. Vectors stay in
// the source. What it costs in memory is in job/build_costs.h, what it costs in quality in
// docs/memory-limit.md.
#pragma once

#include "base/status.h"
#include "job/build_run.h"
#include "job/partition_assign.h"

namespace vamana {

// Reads the file once and says which rows go where.
Result<PartitionHomes> read_for_partitions(BuildRun& run);

// REQUIRES the homes that read_for_partitions gave.
Status link_in_partitions(BuildRun& run, PartitionHomes homes);

}  // namespace vamana
