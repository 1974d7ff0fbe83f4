// The last stage of a build: graph, codes and vectors into the segment, in the final order.
#pragma once

#include "base/status.h"
#include "job/build_run.h"

namespace vamana {

// Writes and publishes. The graph is gone afterwards.
Status write_segment(BuildRun& run);

}  // namespace vamana
