// `exact: true`: some queries of a request answered by reading every live record of the snapshot.
#pragma once

#include "base/status.h"
#include "search/search_engine.h"

namespace vamana {

// Answers queries [first, first + count). Reads each vectors file once, in windows of about 1 MiB, checking
// every slot's CRC. ABORTED when cancelled.
Status scan_snapshot(SearchRequest& request, uint32_t first, uint32_t count);

}  // namespace vamana
