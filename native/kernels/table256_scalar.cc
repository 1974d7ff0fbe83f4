// Distances from a sub-vector to 256 centroids, in a form that the compiler vectorises. Centroids stand
// transposed, so the 256 sums go side by side and each dimension is one pass over a kilobyte.
#include <algorithm>
#include <cmath>

#include "kernels/parts.h"

namespace vamana {

namespace {

constexpr size_t kCentroids = 256;

void table_l2(const float* x, const float* centroids, size_t sub_dim, float* out) {
  std::fill_n(out, kCentroids, 0.0f);
  for (size_t d = 0; d < sub_dim; ++d, centroids += kCentroids) {
    for (size_t c = 0; c < kCentroids; ++c) out[c] += (x[d] - centroids[c]) * (x[d] - centroids[c]);
  }
}

void table_dot(const float* x, const float* centroids, size_t sub_dim, float* out) {
  std::fill_n(out, kCentroids, 0.0f);
  for (size_t d = 0; d < sub_dim; ++d, centroids += kCentroids) {
    for (size_t c = 0; c < kCentroids; ++c) out[c] -= x[d] * centroids[c];
  }
}

void table_l1(const float* x, const float* centroids, size_t sub_dim, float* out) {
  std::fill_n(out, kCentroids, 0.0f);
  for (size_t d = 0; d < sub_dim; ++d, centroids += kCentroids) {
    for (size_t c = 0; c < kCentroids; ++c) out[c] += std::fabs(x[d] - centroids[c]);
  }
}

}  // namespace

void fill_table256_scalar(KernelTable& table) {
  table.table_l2 = table_l2;
  table.table_dot = table_dot;
  table.table_l1 = table_l1;
}

}  // namespace vamana
