#include "search/rerank.h"

#include <algorithm>
#include <cmath>

#include "codec/code_error.h"

namespace vamana {

namespace {

// How far an estimate may be beyond the k-th and still belong to one of the k nearest.
float estimate_limit(const SearchParams& params, Metric metric, float error_spread, float kth) {
  const double widening = std::max(1.0, static_cast<double>(params.list_size) / params.k);
  const auto deviations = static_cast<float>(0.5 * std::log2(widening));
  return kth + deviations * error_spread * error_scale(metric, kth);
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
  // Takes the nearest of all beams one by one, which is a merge that few candidates go through.
  const size_t wanted = std::max(params.rerank, params.k);
  std::fill(depths.begin(), depths.end(), 0);
  float last = 0;
  for (size_t taken = 0; taken < wanted; ++taken) {
    size_t nearest = beams.size();
    for (size_t i = 0; i < beams.size(); ++i) {
      if (depths[i] == beams[i]->size()) continue;
      const float distance = (*beams[i])[depths[i]].distance;
      if (nearest == beams.size() || distance < last) {
        nearest = i;
        last = distance;
      }
    }
    if (nearest == beams.size()) return;
    ++depths[nearest];
  }
  if (params.rerank != 0) return;
  for (size_t i = 0; i < beams.size(); ++i) {
    depths[i] = depth_within(*beams[i], depths[i], estimate_limit(params, metric, error_spreads[i], last));
  }
}

}  // namespace vamana
