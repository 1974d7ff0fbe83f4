// One graph from the lists of overlapping partitions. A row has a list from each partition it is in; their
// union is its list, and where it is longer than the degree it is pruned as any list is, with the vectors it
// takes fetched from the file for some rows at a time.
#pragma once

#include <functional>

#include "base/status.h"
#include "job/build_run.h"
#include "job/list_spill.h"

namespace vamana {

// Fills run.graph and turns run.entries into nodes. REQUIRES run.row_of complete and the spill rewound.
Status merge_lists(BuildRun& run, ListSpill& spill, const std::function<void(uint64_t done)>& on_progress);

}  // namespace vamana
