// Makes every node of a merged graph reachable from its entries, with vectors read from the source one by one.
#pragma once

#include "base/status.h"
#include "job/build_run.h"

namespace vamana {

Status repair_merged(BuildRun& run);

}  // namespace vamana
