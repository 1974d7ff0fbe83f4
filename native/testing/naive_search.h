// The truth by the shortest road: every distance, sorted. What the clever structures are compared with. For
// tests only.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/element.h"
#include "kernels/kernels.h"
#include "testing/synthetic.h"

namespace vamana::testing {

struct Neighbour {
  float distance = std::numeric_limits<float>::infinity();
  uint32_t row = 0;

  bool operator==(const Neighbour& other) const = default;
  bool operator<(const Neighbour& other) const {
    return distance < other.distance || (distance == other.distance && row < other.row);
  }
};

// The k nearest of `rows` rows, ascending, ties by lower row; fewer when there are fewer. `distance(row)`.
template <typename Distance>
std::vector<Neighbour> naive_top_k(uint32_t rows, uint32_t k, const Distance& distance) {
  std::vector<Neighbour> all(rows);
  for (uint32_t row = 0; row < rows; ++row) all[row] = {distance(row), row};
  std::sort(all.begin(), all.end());
  all.resize(std::min(rows, k));
  return all;
}

// The same over a set, by the library's own kernel, so that equal bytes give equal floats.
inline std::vector<Neighbour> naive_top_k(const VectorSet& set, Metric metric, const uint8_t* query, uint32_t k) {
  const DistanceFn kernel = distance_kernel(metric, set.element);
  return naive_top_k(set.rows, k, [&](uint32_t row) { return kernel(query, set.row(row), set.dim); });
}

// The definition in base/element.h, in double precision: for comparing with what kernels and codecs say.
inline double naive_distance(Metric metric, std::span<const float> a, std::span<const float> b) {
  double squared = 0, absolute = 0, dot = 0, a_length = 0, b_length = 0;
  for (size_t d = 0; d < a.size(); ++d) {
    const double x = static_cast<double>(a[d]), y = static_cast<double>(b[d]);
    squared += (x - y) * (x - y);
    absolute += std::abs(x - y);
    dot += x * y;
    a_length += x * x;
    b_length += y * y;
  }
  switch (metric) {
    case Metric::kL2:
      return squared;
    case Metric::kCosine:
      return a_length == 0 || b_length == 0 ? 1 : 1 - dot / std::sqrt(a_length * b_length);
    case Metric::kDot:
      return -dot;
    case Metric::kL1:
      return absolute;
  }
  return 0;
}

// The share of `truth` that `found` makes up, where any row as near as the last true one counts: among
// equals none is more right than another. `distance(row)` as for naive_top_k.
template <typename Distance>
double tie_aware_recall(std::span<const Neighbour> truth, std::span<const uint32_t> found, const Distance& distance) {
  std::vector<uint32_t> distinct(found.begin(), found.end());
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  const auto right = std::count_if(distinct.begin(), distinct.end(),
                                   [&](uint32_t row) { return distance(row) <= truth.back().distance; });
  return static_cast<double>(std::min<size_t>(static_cast<size_t>(right), truth.size())) /
         static_cast<double>(truth.size());
}

}  // namespace vamana::testing
