// The vectors of rows named by number, from every part of a snapshot: what a client reads back, and what an update
// by id starts from. The pages they lie on are read in one batch (up to 2 MiB at a time), after those in the cache.
//
// Called on a worker of the search engine, with a session that nothing else is in flight on.
#pragma once

#include "base/status.h"
#include "io/page_reader.h"
#include "search/search_engine.h"
#include "search/search_snapshot.h"
#include "segment/page_cache.h"

namespace vamana {

// Fills fetched.found and fetched.vectors. CORRUPT when a record is damaged or is not that of its row; IO.
Status fetch_rows(const SearchSnapshot& snapshot, ReadSession& session, PageCache& cache, FetchedRows& fetched);

}  // namespace vamana
