// `exact: true`: some queries of a request answered by reading every live record of the snapshot.
#pragma once

#include <chrono>
#include <functional>

#include "base/status.h"
#include "search/search_engine.h"

namespace vamana {

// How long a scan works before it lets its thread do something else.
constexpr std::chrono::microseconds kScanTurn(500);

// Answers queries [first, first + count). Reads each vectors file once, in windows of about 1 MiB, checking
// every slot's CRC. ABORTED when cancelled. After each turn it calls `others`, for what is more urgent; that is not
// counted in its costs.
Status scan_snapshot(
    SearchRequest& request, uint32_t first, uint32_t count, const std::function<void()>& others = [] {});

}  // namespace vamana
