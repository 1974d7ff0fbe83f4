// Exact distances from queries to rows named by their id. Rows lie in graph order and no map leads from an
// id to its record, so this reads every record once: for measuring recall, never for searching.
//
// Called by the addon; the scan reads through the system's page cache in bounded windows and tells it to
// forget them, so that what searches have cached stays.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "segment/segment.h"

namespace vamana {

// out[i] = distance from query i to row rows[i]; NaN when the segment has no such row. `queries` holds
// rows.size() x dim elements of the segment's element type. CORRUPT when a slot's checksum does not hold.
Result<std::vector<float>> row_distances(const Segment& segment, const uint8_t* queries, std::span<const uint32_t> rows,
                                         ThreadPool& pool, const CancelFlag& cancel);

}  // namespace vamana
