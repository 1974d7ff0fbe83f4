#include "search/rerank.h"

#include <algorithm>
#include <cmath>

#include "codec/code_error.h"

namespace vamana {

namespace {

// How far apart two estimates near `estimate` may be and still stand for distances in the other order.
float margin(const SearchParams& params, Metric metric, float error_spread, float estimate) {
  const double widening = std::max(1.0, static_cast<double>(params.list_size) / params.k);
  const auto deviations = static_cast<float>(0.5 * std::log2(widening));
  return deviations * error_spread * error_scale(metric, estimate);
}

// How far an estimate may be beyond the k-th and still belong to one of the k nearest.
float estimate_limit(const SearchParams& params, Metric metric, float error_spread, float kth) {
  return kth + margin(params, metric, error_spread, kth);
}

// Takes the `wanted` nearest of all beams one by one, which is a merge that few candidates go through: how many come
// from each, and in `last` the last one's estimate. False when there are fewer.
bool take_nearest(std::span<const CandidateList* const> beams, size_t wanted, std::span<size_t> depths, float* last) {
  std::fill(depths.begin(), depths.end(), 0);
  for (size_t taken = 0; taken < wanted; ++taken) {
    size_t nearest = beams.size();
    for (size_t i = 0; i < beams.size(); ++i) {
      if (depths[i] == beams[i]->size()) continue;
      const float distance = (*beams[i])[depths[i]].distance;
      if (nearest == beams.size() || distance < *last) {
        nearest = i;
        *last = distance;
      }
    }
    if (nearest == beams.size()) return false;
    ++depths[nearest];
  }
  return true;
}

size_t depth_within(const CandidateList& beam, size_t depth, float limit) {
  while (depth < beam.size() && beam[depth].distance <= limit) ++depth;
  return depth;
}

}  // namespace

size_t rerank_depth(const SearchParams& params, Metric metric, float error_spread, const CandidateList& beam) {
  if (params.rerank != 0) return std::min<size_t>(std::max(params.rerank, params.k), beam.size());
  if (beam.size() <= params.k) return beam.size();
  return depth_within(beam, params.k, estimate_limit(params, metric, error_spread, beam[params.k - 1].distance));
}

void rerank_depths(const SearchParams& params, Metric metric, std::span<const float> error_spreads,
                   std::span<const CandidateList* const> beams, std::span<size_t> depths) {
  if (beams.size() == 1) {
    depths[0] = rerank_depth(params, metric, error_spreads[0], *beams[0]);
    return;
  }
  float last = 0;
  if (!take_nearest(beams, std::max(params.rerank, params.k), depths, &last)) return;
  if (params.rerank != 0) return;
  for (size_t i = 0; i < beams.size(); ++i) {
    depths[i] = depth_within(*beams[i], depths[i], estimate_limit(params, metric, error_spreads[i], last));
  }
}

void sure_depths(const SearchParams& params, Metric metric, std::span<const float> error_spreads,
                 std::span<const CandidateList* const> beams, std::span<size_t> depths) {
  if (params.rerank != 0) {
    std::fill(depths.begin(), depths.end(), 0);
    return;
  }
  float next = 0;
  // With no more than k candidates in all, each of them is in the answer.
  if (!take_nearest(beams, size_t{params.k} + 1, depths, &next)) return;
  for (size_t i = 0; i < beams.size(); ++i) {
    const float limit = next - margin(params, metric, error_spreads[i], next);
    const CandidateList& beam = *beams[i];
    while (depths[i] > 0 && !(beam[depths[i] - 1].distance < limit)) --depths[i];
  }
}

}  // namespace vamana
