#include "codec/kmeans256.h"

#include <algorithm>
#include <limits>

#include "base/prng.h"
#include "kernels/kernels.h"

namespace vamana {

namespace {

constexpr size_t kCentroids = 256;

// Seeds: distinct random points. k-means++ costs 256 passes for a start that ten Lloyd rounds make up for.
void seed_centroids(const float* points, size_t count, size_t dim, Prng& prng, std::vector<float>& centroids) {
  std::vector<size_t> order(count);
  for (size_t i = 0; i < count; ++i) order[i] = i;
  for (size_t c = 0; c < kCentroids; ++c) {
    size_t pick = c % count;
    if (c < count) {
      std::swap(order[c], order[c + prng.below(count - c)]);
      pick = order[c];
    }
    for (size_t d = 0; d < dim; ++d) centroids[d * kCentroids + c] = points[pick * dim + d];
  }
}

}  // namespace

std::vector<float> kmeans256(const float* points, size_t count, size_t dim, int rounds, uint64_t seed,
                             const CancelFlag& cancel) {
  std::vector<float> centroids(dim * kCentroids, 0.0f);
  if (count == 0) return centroids;
  Prng prng(seed);
  seed_centroids(points, count, dim, prng, centroids);

  const Table256Fn distances_to = kernels().table_l2;
  std::vector<double> sums(dim * kCentroids);
  std::vector<size_t> sizes(kCentroids);
  alignas(64) float distances[kCentroids];
  for (int round = 0; round < rounds && !cancel.cancelled(); ++round) {
    std::fill(sums.begin(), sums.end(), 0.0);
    std::fill(sizes.begin(), sizes.end(), size_t{0});
    // The point that is served worst, for a centroid that nobody chose.
    float worst = -1;
    size_t worst_point = 0;
    for (size_t i = 0; i < count; ++i) {
      const float* point = points + i * dim;
      distances_to(point, centroids.data(), dim, distances);
      const size_t c = kernels().argmin256(distances);
      ++sizes[c];
      for (size_t d = 0; d < dim; ++d) sums[d * kCentroids + c] += static_cast<double>(point[d]);
      if (distances[c] > worst) {
        worst = distances[c];
        worst_point = i;
      }
    }
    for (size_t c = 0; c < kCentroids; ++c) {
      // An empty centroid restarts at the worst-served point in the first, at random points in the rest.
      const size_t restart = worst > 0 ? worst_point : prng.below(count);
      if (sizes[c] == 0) worst = -1;
      for (size_t d = 0; d < dim; ++d) {
        centroids[d * kCentroids + c] =
            sizes[c] == 0 ? points[restart * dim + d]
                          : static_cast<float>(sums[d * kCentroids + c] / static_cast<double>(sizes[c]));
      }
    }
  }
  return centroids;
}

}  // namespace vamana
