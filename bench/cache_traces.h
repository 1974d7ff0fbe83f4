// Traces for cache_bench.cc: which slots of a vectors file are asked for, one after another. Made up by a
// distribution, or recorded from an index by walking it as a search does.
//
// A recorded query is the list of distinct slots that its candidates lie in, ascending, as search/query_slot.cc
// asks the page cache for them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/prng.h"
#include "base/status.h"

namespace vamana::bench {

using Trace = std::vector<uint64_t>;

struct Recording {
  uint64_t slots = 0;          // of the index
  std::vector<Trace> queries;  // each one's slots
};

// Walks every query of a .u8bin, .i8bin or .fbin file of the index's element type (u32 rows, u32 dimension,
// rows) through the index with the list size and the default rerank depth.
Result<Recording> record_walks(const std::string& index, const std::string& queries, uint32_t list_size);

// Draws ranks 0, 1, ... with probability proportional to 1 / (rank + 1)^exponent; exponent 0 is uniform.
class ZipfRanks {
 public:
  ZipfRanks(uint64_t ranks, double exponent);
  uint64_t draw(Prng& prng) const;

 private:
  std::vector<double> cumulative_;
};

// `length` requests for slots 0 to slots - 1, the ranks dealt out at random.
Trace zipf_slots(uint64_t slots, double exponent, uint64_t length, uint64_t seed);

// The requests of `count` recorded queries drawn by Zipf's law; the ranks are dealt out anew every
// `shift_every` queries (0: never), so that other queries become the popular ones.
Trace repeated_queries(const Recording& recording, double exponent, uint64_t count, uint64_t shift_every,
                       uint64_t seed);

// Every recorded query once: in the file's order, which often puts related queries side by side, or shuffled.
Trace each_query_once(const Recording& recording);
Trace each_query_once_shuffled(const Recording& recording, uint64_t seed);

}  // namespace vamana::bench
