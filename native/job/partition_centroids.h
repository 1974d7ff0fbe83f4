// Where the partitions of a large set lie: centroids by k-means on a sample, each with a handicap that is
// added to distances, raised where rows crowd, until all partitions draw about as many rows.
//
// Pure arithmetic on widened vectors; which rows go where is job/partition_assign.h's matter.
#pragma once

#include <cstdint>
#include <vector>

#include "base/cancel.h"
#include "base/thread_pool.h"

namespace vamana {

struct PartitionCentroids {
  uint32_t count = 0;
  uint32_t dim = 0;
  std::vector<float> centroids;  // count x dim
  std::vector<float> handicaps;  // in squared distance

  // Squared distance plus handicap to each centroid.
  void measure(const float* vector, float* out) const;
};

// The same for any thread count. Cancelled: returns early. REQUIRES rows >= 1, count >= 2.
PartitionCentroids train_partition_centroids(const float* sample, uint64_t rows, uint32_t dim, uint32_t count,
                                             uint64_t seed, ThreadPool& pool, const CancelFlag& cancel);

}  // namespace vamana
