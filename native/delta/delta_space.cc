#include "delta/delta_space.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vamana {

namespace {
// Over the squared length of the longest vector; so lifts are computed anew a logarithmic number of times.
constexpr float kHeadroom = 1.25f;
}  // namespace

void DeltaSpace::lift(uint32_t slot) {
  const auto squared = [&](uint32_t of) {
    const uint8_t* const vector = memory_.vector(of);
    return -kernel_(vector, vector, memory_.dim());
  };
  const auto lift_to_length = [&](uint32_t of, float length_squared) {
    *memory_.lift(of) = std::sqrt(std::max(0.0f, length_squared_ - length_squared));
  };
  const float own = squared(slot);
  // A vector whose squared length is past a float's range counts as one of the longest, and no more.
  if (own > length_squared_ && std::isfinite(own)) {
    length_squared_ = std::min(own * kHeadroom, std::numeric_limits<float>::max());
    for (uint32_t earlier = 0; earlier < slot; ++earlier) lift_to_length(earlier, squared(earlier));
  }
  lift_to_length(slot, own);
}

}  // namespace vamana
