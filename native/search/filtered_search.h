// The matching candidates of one segment: by the planned strategy, and by codes where that turned out wrong, so that
// min(k, matches) of them are always found. Called by a query's slot, once a segment.
#pragma once

#include <cstdint>
#include <functional>

#include "base/bit_chunks.h"
#include "search/filter_plan.h"
#include "search/node_filter.h"
#include "search/search_params.h"
#include "search/walk.h"
#include "segment/segment.h"

namespace vamana {

struct FilteredInput {
  const Segment& segment;
  const NodeFilter& nodes;
  const BitChunks& dead;
  const CodeDistance& distance;
  const CancelFlag* cancel;
};

// What is told of a beam whose nearest are mostly those of the end, while there is still work to do for the others.
using OnSettled = std::function<void(const CandidateList&)>;

// Carries the plan out; the beam is in `scratch`. Null when cancelled. Adds to `cost` what it took and which strategies
// were used. `on_settled` may be called, by each walk that is begun.
const CandidateList* filtered_candidates(const FilteredInput& input, const FilterPlan& plan, uint32_t k,
                                         WalkScratch& scratch, QueryCost* cost, const OnSettled& on_settled);

}  // namespace vamana
