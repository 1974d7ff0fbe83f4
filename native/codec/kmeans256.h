// 256 centroids of a small space by Lloyd's algorithm (k-means++ style seeding by sampling), for the
// codebooks of product quantisation. Deterministic for a seed, whatever the thread count.
#pragma once

#include <cstdint>
#include <vector>

#include "base/cancel.h"

namespace vamana {

// `points`: count x dim floats. Returns the centroids transposed, [d * 256 + c], as the kernels want them.
// Fewer than 256 distinct points leave centroids that repeat one another. Cancelled: returns early.
std::vector<float> kmeans256(const float* points, size_t count, size_t dim, int rounds, uint64_t seed,
                             const CancelFlag& cancel);

}  // namespace vamana
