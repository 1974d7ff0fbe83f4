#include "job/partition_assign.h"

#include <algorithm>

#include "base/check.h"
#include "job/build_costs.h"
#include "job/partition_centroids.h"

namespace vamana {

namespace {

Result<PartitionCentroids> train_centroids(BuildRun& run) {
  const uint32_t dim = run.options.source.dim, count = run.plan.partitions;
  const uint64_t rows = centroid_sample_rows(run.rows(), dim, count);
  std::vector<float> sample(rows * dim);
  VAMANA_TRY(sample_vectors(run, rows, sample.data()));
  PartitionCentroids centroids =
      train_partition_centroids(sample.data(), rows, dim, count, run.options.seed, run.pool, run.cancel);
  if (run.cancel.cancelled()) return aborted_status("the build");
  return centroids;
}

// The nearest partition with room, other than `taken`; kNoPartition when all are full.
uint8_t choose(const float* distances, const std::vector<uint64_t>& sizes, uint64_t capacity, uint8_t taken) {
  uint8_t best = kNoPartition;
  for (size_t p = 0; p < sizes.size(); ++p) {
    if (p == taken || sizes[p] >= capacity) continue;
    if (best == kNoPartition || distances[p] < distances[best]) best = static_cast<uint8_t>(p);
  }
  return best;
}

}  // namespace

Result<PartitionHomes> assign_partitions(BuildRun& run) {
  const uint32_t dim = run.options.source.dim, count = run.plan.partitions;
  VAMANA_CHECK(count < kNoPartition);
  VAMANA_ASSIGN(const PartitionCentroids centroids, train_centroids(run));
  const uint64_t rows = run.rows(), capacity = partition_capacity(rows, count);
  const uint64_t window = std::min(rows, assign_window_rows(run.vector_bytes(), dim));
  PartitionHomes homes{std::vector<uint8_t>(rows), std::vector<uint8_t>(rows), std::vector<uint64_t>(count, 0)};
  std::vector<uint8_t> bytes(window * run.vector_bytes());
  std::vector<float> distances(window * count);
  for (uint64_t begin = 0; begin < rows; begin += window) {
    VAMANA_TRY(run.proceed(begin, rows));
    const uint64_t size = std::min(window, rows - begin);
    VAMANA_TRY(run.source->read_rows(begin, size, bytes.data()));
    run.pool.parallel_for(size, 64, [&](size_t first, size_t last, size_t) {
      std::vector<float> wide(dim);
      for (size_t i = first; i < last; ++i) {
        run.widen(bytes.data() + i * run.vector_bytes(), wide.data());
        centroids.measure(wide.data(), distances.data() + i * count);
      }
    });
    // One row after the other, because each takes room that the next may want.
    for (uint64_t i = 0; i < size; ++i) {
      const float* const at = distances.data() + i * count;
      const uint8_t first = choose(at, homes.sizes, capacity, kNoPartition);
      VAMANA_CHECK(first != kNoPartition);
      ++homes.sizes[first];
      const uint8_t second = choose(at, homes.sizes, capacity, first);
      if (second != kNoPartition) ++homes.sizes[second];
      homes.first[begin + i] = first;
      homes.second[begin + i] = second;
    }
  }
  return homes;
}

}  // namespace vamana
