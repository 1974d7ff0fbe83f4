// An order in which vectors that are near stand near: the rows are halved again and again across the
// direction between two means (a balanced 2-means tree), down to small leaves, and the leaves are laid side
// by side so that each begins where the one before it left off.
//
// The build works in this order (neighbours in space share cache lines), and it is where the graph's final
// order starts from (graph/reorder.h).
#pragma once

#include <cstdint>
#include <vector>

#include "base/cancel.h"
#include "base/element.h"
#include "base/status.h"
#include "base/thread_pool.h"

namespace vamana {

// order[i] = the row that stands i-th. The same for any thread count. ABORTED when cancelled.
Result<std::vector<uint32_t>> locality_order(const uint8_t* vectors, uint64_t rows, uint32_t dim, Element element,
                                             uint64_t seed, ThreadPool& pool, const CancelFlag& cancel);

// Bytes that locality_order needs.
uint64_t locality_order_bytes(uint64_t rows, uint32_t dim, uint32_t threads);

// Rearranges `rows` records of `record_bytes` in place so that record i becomes what record order[i] was.
void permute_records(uint8_t* records, uint64_t record_bytes, const std::vector<uint32_t>& order);

}  // namespace vamana
