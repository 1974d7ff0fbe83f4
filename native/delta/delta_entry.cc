#include "delta/delta_entry.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "codec/codec.h"
#include "kernels/kernels.h"

namespace vamana {

namespace {
constexpr uint32_t kSample = 1024;
}

uint32_t pick_delta_entry(const DeltaMemory& memory, uint32_t rows) {
  const uint32_t dim = memory.dim();
  const WidenFn widen = widen_kernel(memory.element());
  const uint64_t count = std::min(rows, kSample);
  std::vector<float> row(dim);
  const auto widen_sample = [&](uint64_t i) {
    const auto slot = static_cast<uint32_t>(i * rows / count);
    widen(memory.vector(slot), dim, row.data());
    if (memory.metric() == Metric::kCosine) normalise(row.data(), dim);
    return slot;
  };
  std::vector<double> sum(dim, 0.0);
  for (uint64_t i = 0; i < count; ++i) {
    widen_sample(i);
    for (uint32_t d = 0; d < dim; ++d) sum[d] += static_cast<double>(row[d]);
  }
  std::vector<float> mean(dim);
  for (uint32_t d = 0; d < dim; ++d) mean[d] = static_cast<float>(sum[d] / static_cast<double>(count));

  const DistanceFn l2 = distance_kernel(Metric::kL2, Element::kF32);
  float nearest = std::numeric_limits<float>::infinity();
  uint32_t best = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint32_t slot = widen_sample(i);
    const float distance = l2(row.data(), mean.data(), dim);
    if (distance < nearest) {
      nearest = distance;
      best = slot;
    }
  }
  return best;
}

}  // namespace vamana
