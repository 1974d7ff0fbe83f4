// The distance that the graph of a delta is built on, between two slots: the metric's own, except under the inner
// product.
//
// There every vector is lifted by one coordinate to a common length (Bachrach et al. 2014; see graph/build_space.h).
// The longest vector is not known while rows still come, so the common length has headroom over the longest so far,
// and when a row exceeds it, it is raised and the lifts are computed anew. Edges chosen before were chosen by a
// slightly different distance, which costs nothing but a little of their quality; searches measure the metric itself
// and know of no lift.
//
// Thread safety: the linking thread only.
#pragma once

#include <cstdint>

#include "delta/delta_memory.h"
#include "kernels/kernels.h"

namespace vamana {

class DeltaSpace {
 public:
  // `memory` outlives this.
  explicit DeltaSpace(const DeltaMemory& memory)
      : memory_(memory),
        kernel_(distance_kernel(memory.metric(), memory.element())),
        lifting_(memory.metric() == Metric::kDot) {}

  // Makes `slot` measurable. REQUIRES all slots below to be admitted.
  void admit(uint32_t slot) {
    if (lifting_) lift(slot);
  }

  float distance(uint32_t a, uint32_t b) const {
    const float plain = kernel_(memory_.vector(a), memory_.vector(b), memory_.dim());
    return lifting_ ? lifted(plain, a, b) : plain;
  }
  void prefetch(uint32_t slot) const { memory_.prefetch_vector(slot); }

 private:
  float lifted(float minus_dot, uint32_t a, uint32_t b) const {
    const float distance = 2 * (length_squared_ + minus_dot - *memory_.lift(a) * *memory_.lift(b));
    return distance > 0 ? distance : 0;
  }
  void lift(uint32_t slot);

  const DeltaMemory& memory_;
  const DistanceFn kernel_;
  const bool lifting_;
  float length_squared_ = 0;  // of all lifted vectors
};

}  // namespace vamana
