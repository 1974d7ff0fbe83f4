// Search of one delta under a filter: the matching rows are measured one by one where they are few, else the ordinary
// search of a delta passes through those that do not match, and scans where that goes too far.
#pragma once

#include <vector>

#include "base/bit_chunks.h"
#include "delta/delta_search.h"
#include "search/row_filter.h"
#include "search/search_params.h"
#include "search/search_snapshot.h"

namespace vamana {

// Fills `out` as delta_search() does, with matching rows that live. Returns how many rows of the delta match.
uint32_t filtered_delta_search(const SearchSnapshot::DeltaPart& part, const BitChunks& dead, const RowFilter& filter,
                               const uint8_t* query, const SearchParams& params, DeltaScratch& scratch,
                               std::vector<DeltaHit>& out);

}  // namespace vamana
