// Measures how far a codec's estimates lie from exact distances, on pairs of near rows: the ends of edges of
// the graph, which a walk's candidates are like.
#pragma once

#include "base/status.h"
#include "codec/code_error.h"
#include "job/build_run.h"

namespace vamana {

// Sets bias and spread of run.code_error. REQUIRES codec and graph, not yet renumbered. The same for any
// thread count.
Status calibrate(BuildRun& run);

}  // namespace vamana
