#include "graph/build_space.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

namespace vamana {

namespace {
// Chunks are fixed, not derived from the thread count, so that sums are added in one order.
constexpr size_t kChunk = 4096;
}  // namespace

BuildSpace::BuildSpace(const uint8_t* vectors, uint64_t rows, uint32_t dim, Element element, Metric metric,
                       ThreadPool& pool)
    : vectors_(vectors),
      rows_(rows),
      dim_(dim),
      element_(element),
      metric_(metric),
      vector_bytes_(uint64_t{dim} * element_bytes(element)),
      kernel_(distance_kernel(metric, element)) {
  if (metric != Metric::kDot) return;
  lift_.resize(rows);
  pool.parallel_for(rows, kChunk, [&](size_t begin, size_t end, size_t) {
    for (size_t node = begin; node < end; ++node) {
      const uint8_t* const at = vector(static_cast<uint32_t>(node));
      lift_[node] = -kernel_(at, at, dim_);
    }
  });
  // A vector whose squared length is past a float's range counts as one of the longest, and no more.
  for (const float length_squared : lift_) {
    if (std::isfinite(length_squared)) length_max_squared_ = std::max(length_max_squared_, length_squared);
  }
  for (float& length_squared : lift_) length_squared = std::sqrt(std::max(0.0f, length_max_squared_ - length_squared));
}

uint32_t find_medoid(const BuildSpace& space, ThreadPool& pool) {
  const uint32_t dim = space.dim();
  const WidenFn widen = widen_kernel(space.element());
  const size_t chunks = (space.rows() + kChunk - 1) / kChunk;
  // Per-chunk sums, added in chunk order: the same mean whatever the thread count. A sample of chunks is
  // enough for a mean, and bounds the memory.
  const size_t step = std::max<size_t>(1, chunks / 256);
  const size_t used = (chunks + step - 1) / step;
  std::vector<double> sums(used * dim, 0.0);
  pool.parallel_for(used, 1, [&](size_t begin, size_t end, size_t) {
    std::vector<float> row(dim);
    for (size_t i = begin; i < end; ++i) {
      const size_t first = i * step * kChunk, last = std::min<size_t>(space.rows(), first + kChunk);
      for (size_t node = first; node < last; ++node) {
        widen(space.vector(static_cast<uint32_t>(node)), dim, row.data());
        for (uint32_t d = 0; d < dim; ++d) sums[i * dim + d] += static_cast<double>(row[d]);
      }
    }
  });
  std::vector<double> mean(dim, 0.0);
  for (size_t i = 0; i < used; ++i) {
    for (uint32_t d = 0; d < dim; ++d) mean[d] += sums[i * dim + d];
  }
  uint64_t sampled = 0;
  for (size_t i = 0; i < used; ++i)
    sampled += std::min<size_t>(space.rows(), i * step * kChunk + kChunk) - i * step * kChunk;
  for (double& value : mean) value /= static_cast<double>(sampled);

  std::vector<std::pair<float, uint32_t>> best(chunks, {std::numeric_limits<float>::infinity(), 0});
  std::vector<float> target(mean.begin(), mean.end());
  const DistanceFn l2 = distance_kernel(Metric::kL2, Element::kF32);
  pool.parallel_for(chunks, 1, [&](size_t begin, size_t end, size_t) {
    std::vector<float> row(dim);
    for (size_t chunk = begin; chunk < end; ++chunk) {
      for (size_t node = chunk * kChunk; node < std::min<size_t>(space.rows(), (chunk + 1) * kChunk); ++node) {
        widen(space.vector(static_cast<uint32_t>(node)), dim, row.data());
        best[chunk] = std::min(best[chunk], {l2(row.data(), target.data(), dim), static_cast<uint32_t>(node)});
      }
    }
  });
  return std::min_element(best.begin(), best.end())->second;
}

}  // namespace vamana
