#include "delta/delta_entries.h"

#include <algorithm>
#include <limits>

namespace vamana {

namespace {
constexpr uint64_t kSample = 1024;
}

void DeltaEntries::pick(const DeltaSpace& space, uint32_t rows) {
  const uint64_t sample = std::min<uint64_t>(rows, kSample);
  const auto sampled = [&](uint64_t i) { return static_cast<uint32_t>(i * rows / sample); };
  nearest_.assign(sample, std::numeric_limits<float>::infinity());
  uint64_t next = 0;
  uint32_t count = 0;
  while (count < std::min<uint64_t>(sample, kMost)) {
    slots_[count++].store(sampled(next), std::memory_order_release);
    const uint32_t entry = sampled(next);
    nearest_[next] = -std::numeric_limits<float>::infinity();  // whatever it is from itself, it is not picked again
    for (uint64_t i = 0; i < sample; ++i) nearest_[i] = std::min(nearest_[i], space.distance(entry, sampled(i)));
    next = static_cast<uint64_t>(std::max_element(nearest_.begin(), nearest_.end()) - nearest_.begin());
    if (!(nearest_[next] > 0)) break;  // the rest repeat the entries
  }
  count_.store(count, std::memory_order_release);
}

}  // namespace vamana
