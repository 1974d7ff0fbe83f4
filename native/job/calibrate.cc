#include "job/calibrate.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vamana {

namespace {

constexpr uint64_t kSampledNodes = 2048;
constexpr uint64_t kWindowNodes = 64;

// Sums over the pairs of one node, enough to find the mean error and, given that, its spread.
struct Sums {
  double pairs = 0, error = 0;
  double inverse_scale2 = 0, error_over_scale2 = 0, error2_over_scale2 = 0;

  void add(const Sums& other) {
    pairs += other.pairs;
    error += other.error;
    inverse_scale2 += other.inverse_scale2;
    error_over_scale2 += other.error_over_scale2;
    error2_over_scale2 += other.error2_over_scale2;
  }
};

float finite_float(double value) {
  constexpr double kMost = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp(value, -kMost, kMost));
}

// The first of `vectors` is the query, the other `count` its neighbours.
Sums measure(const BuildRun& run, const uint8_t* vectors, size_t count) {
  const uint32_t dim = run.options.source.dim;
  const uint64_t bytes = run.vector_bytes();
  std::vector<float> wide(dim), table(run.codec->query_floats()), estimates(count);
  CodeLayout layout = code_layout(run.codec->code_bytes());
  std::vector<uint8_t> codes(code_area_bytes(layout, count));
  layout.codes = codes.data();
  std::vector<uint32_t> places(count);
  for (uint32_t i = 0; i < count; ++i) {
    places[i] = i;
    run.widen(vectors + (i + 1) * bytes, wide.data());
    run.codec->encode(wide.data(), codes.data() + (layout.code(i) - codes.data()));
  }
  run.widen(vectors, wide.data());
  run.codec->prepare(wide.data(), table.data());
  run.codec->scorer()(table.data(), layout, places.data(), count, estimates.data());

  const Metric metric = run.options.metric;
  const DistanceFn exact = distance_kernel(metric, run.options.source.element);
  Sums sums;
  for (size_t i = 0; i < count; ++i) {
    const auto scale = static_cast<double>(error_scale(metric, estimates[i]));
    const auto distance = static_cast<double>(exact(vectors, vectors + (i + 1) * bytes, dim));
    // A pair at distance 0 says nothing of how errors grow, nor does one too far apart for a float.
    if (!(scale > 0) || !std::isfinite(estimates[i]) || !std::isfinite(distance)) continue;
    const double error = distance - static_cast<double>(estimates[i]), weight = 1 / (scale * scale);
    sums.add({1, error, weight, error * weight, error * error * weight});
  }
  return sums;
}

}  // namespace

Status calibrate(BuildRun& run) {
  const uint64_t count = std::min(run.rows(), kSampledNodes);
  Sums all;
  std::vector<uint32_t> nodes;
  std::vector<size_t> begins;
  std::vector<uint8_t> vectors;
  for (uint64_t first = 0; first < count; first += kWindowNodes) {
    nodes.clear();
    begins.clear();
    for (uint64_t i = first; i < std::min(count, first + kWindowNodes); ++i) {
      const auto node = static_cast<uint32_t>(i * run.rows() / count);
      begins.push_back(nodes.size());
      nodes.push_back(node);
      const auto list = run.graph.list(node);
      nodes.insert(nodes.end(), list.begin(), list.end());
    }
    begins.push_back(nodes.size());
    vectors.resize(nodes.size() * run.vector_bytes());
    VAMANA_TRY(run.vectors->fetch(nodes, vectors.data(), run.pool));
    std::vector<Sums> sums(begins.size() - 1);
    run.pool.parallel_for(sums.size(), 4, [&](size_t begin, size_t end, size_t) {
      for (size_t i = begin; i < end; ++i) {
        sums[i] = measure(run, vectors.data() + begins[i] * run.vector_bytes(), begins[i + 1] - begins[i] - 1);
      }
    });
    for (const Sums& one : sums) all.add(one);
  }
  if (all.pairs == 0) return Status();
  const double bias = all.error / all.pairs;
  // The mean of ((error - bias) / scale)^2, multiplied out.
  const double square =
      (all.error2_over_scale2 - 2 * bias * all.error_over_scale2 + bias * bias * all.inverse_scale2) / all.pairs;
  run.code_error.bias = finite_float(bias);
  run.code_error.spread = finite_float(std::sqrt(std::max(0.0, square)));
  return Status();
}

}  // namespace vamana
