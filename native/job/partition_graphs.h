// Links each partition by itself, as a build in memory links the whole, and sets its lists aside.
#pragma once

#include <functional>

#include "base/status.h"
#include "job/build_run.h"
#include "job/list_spill.h"
#include "job/partition_assign.h"

namespace vamana {

// Fills run.row_of (partition after partition, in the locality order of each) and run.entries (as rows); the
// lists in `spill` name rows.
Status link_partitions(BuildRun& run, const PartitionHomes& homes, ListSpill& spill,
                       const std::function<void(uint64_t done)>& on_progress);

}  // namespace vamana
