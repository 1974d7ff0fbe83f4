// What product quantiser (codec/pq.h) and its kernel agree on: how a query's table looks. Used by them only.
//
// The distances from a query's sub-vectors to the centroids, 8 bits each: entry e of sub-quantiser s stands for
// low_s + scale * e, so that an estimate is base + scale * (sum of entries), base being the sum of the lows. 32
// sub-quantisers take 8 KiB and 64 take 16, which stay in the first-level cache; as floats they would fill it
// or overflow it. The rounding, at most scale / 2 an entry, is far below the code's own error.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vamana {

struct PqQuery {
  float base;
  float scale;
};
// The entries follow, 256 a sub-quantiser, on a cache line of their own if the table is.
constexpr size_t kPqHeadFloats = 16;
constexpr size_t kPqEntries = 256;

// Makes the entries of `sub_vectors` x 256 distances, and what they stand for. What is not finite or beyond 1e37
// counts as 1e37: the farthest there is.
PqQuery quantise_table(const float* distances, size_t sub_vectors, uint8_t* entries);

}  // namespace vamana
