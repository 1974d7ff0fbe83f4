// What one search asks for and what one query cost.
#pragma once

#include <cstdint>

#include "search/filter_plan.h"

namespace vamana {

struct SearchParams {
  uint32_t k = 10;
  uint32_t list_size = 64;  // beam of the walk; raised to k when smaller
  uint32_t rerank = 0;      // candidates whose pages are read; 0 = as many as may still be among the nearest
  bool exact = false;       // scan every row instead
  // Read only what the codes leave in doubt: who is surely among the k nearest is answered with its estimate. Costs
  // 4 bytes of RAM a row from the first such search on (Segment::row_ids).
  bool approximate = false;
  // How matching rows are looked for; of no effect without a filter.
  FilterStrategy strategy = FilterStrategy::kAuto;
};

// One query's cost. `reads` counts 4 KiB pages fetched from the device, after de-duplication and cache.
struct QueryCost {
  uint32_t hops = 0;
  uint32_t codes_scored = 0;
  uint32_t vectors_scored = 0;  // of deltas
  uint32_t reads = 0;
  uint32_t cache_hits = 0;
  uint32_t reranked = 0;  // candidates whose pages were wanted (all records there are ranked)
  // Of a search with a filter: the matching rows of its parts, dead ones included, the strategies used (strategy_bit)
  // and what walking was expected to take.
  uint32_t matches = 0;
  uint32_t strategies = 0;
  float expected_us = 0;
  float walk_us = 0;
  float read_us = 0;
  float rank_us = 0;
  float total_us = 0;  // from the query's start on its worker to its end
};

// Absent results (fewer rows than k) have this row id and a distance of infinity.
constexpr uint32_t kNoRow = 0xFFFFFFFFu;

constexpr uint32_t kMaxK = 10000;
constexpr uint32_t kMaxListSize = 100000;

}  // namespace vamana
