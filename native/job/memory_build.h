// The build that holds all vectors: read them, then link them in one piece. The first choice whenever the
// memory limit allows it; otherwise see job/partition_build.h.
#pragma once

#include "base/status.h"
#include "job/build_run.h"

namespace vamana {

// All vectors into run.vectors in RAM, by their places. REQUIRES open_source.
Status load_vectors(BuildRun& run);

// Opens the source; all vectors into RAM, then into the locality order: the build's nodes are numbered by it.
Status read_into_memory(BuildRun& run);

// REQUIRES read_into_memory.
Status link_in_memory(BuildRun& run);

}  // namespace vamana
