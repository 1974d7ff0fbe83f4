#include "search/rerank.h"

#include <algorithm>
#include <cmath>

#include "codec/code_error.h"

namespace vamana {

size_t rerank_depth(const Segment& segment, const SearchParams& params, const CandidateList& beam) {
  if (params.rerank != 0) return std::min<size_t>(std::max(params.rerank, params.k), beam.size());
  if (beam.size() <= params.k) return beam.size();
  const CodesFields& codes = segment.codes_header().codes;
  const float kth = beam[params.k - 1].distance;
  const double widening = std::max(1.0, static_cast<double>(params.list_size) / params.k);
  const auto deviations = static_cast<float>(0.5 * std::log2(widening));
  const float limit = kth + deviations * codes.error_spread * error_scale(segment.metric(), kth);
  size_t depth = params.k;
  while (depth < beam.size() && beam[depth].distance <= limit) ++depth;
  return depth;
}

}  // namespace vamana
