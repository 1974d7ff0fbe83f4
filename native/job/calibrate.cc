#include "job/calibrate.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/kernels.h"

namespace vamana {

namespace {

constexpr uint64_t kSampledNodes = 4096;
constexpr size_t kGrain = 64;

// Sums over the pairs of one chunk, enough to find the mean error and, given that, its spread.
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

struct Scratch {
  std::vector<float> query, table, estimates;
};

void add_pairs(const CalibrationInput& input, uint32_t node, Scratch& scratch, Sums& sums) {
  const auto neighbours = input.neighbours(node);
  if (neighbours.empty()) return;
  widen_kernel(input.element)(input.vector(node), input.dim, scratch.query.data());
  if (input.metric == Metric::kCosine) normalise(scratch.query.data(), input.dim);
  input.codec->prepare(scratch.query.data(), scratch.table.data());
  scratch.estimates.resize(neighbours.size());
  input.codec->scorer()(scratch.table.data(), input.codes, neighbours.data(), neighbours.size(),
                        scratch.estimates.data());
  const DistanceFn exact = distance_kernel(input.metric, input.element);
  for (size_t i = 0; i < neighbours.size(); ++i) {
    const auto scale = static_cast<double>(error_scale(input.metric, scratch.estimates[i]));
    // A pair at distance 0 says nothing of how errors grow.
    if (!(scale > 0)) continue;
    const float distance = exact(input.vector(node), input.vector(neighbours[i]), input.dim);
    const double error = static_cast<double>(distance) - static_cast<double>(scratch.estimates[i]);
    const double weight = 1 / (scale * scale);
    sums.add({1, error, weight, error * weight, error * error * weight});
  }
}

}  // namespace

CodeError calibrate(const CalibrationInput& input, ThreadPool& pool) {
  const uint64_t count = std::min(input.nodes, kSampledNodes);
  std::vector<Sums> chunks((count + kGrain - 1) / kGrain);
  pool.parallel_for(count, kGrain, [&](size_t begin, size_t end, size_t) {
    Scratch scratch;
    scratch.query.resize(input.dim);
    scratch.table.resize(input.codec->query_floats());
    for (size_t i = begin; i < end; ++i) {
      add_pairs(input, static_cast<uint32_t>(i * input.nodes / count), scratch, chunks[begin / kGrain]);
    }
  });
  Sums all;
  for (const Sums& chunk : chunks) all.add(chunk);
  CodeError result;
  if (all.pairs == 0) return result;
  const double bias = all.error / all.pairs;
  // The mean of ((error - bias) / scale)^2, multiplied out.
  const double square =
      (all.error2_over_scale2 - 2 * bias * all.error_over_scale2 + bias * bias * all.inverse_scale2) / all.pairs;
  result.bias = static_cast<float>(bias);
  result.spread = static_cast<float>(std::sqrt(std::max(0.0, square)));
  return result;
}

}  // namespace vamana
