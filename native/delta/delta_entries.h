// Where searches of a delta begin: some tens of its rows, far apart, so that one of them lies in or near the cluster a
// query belongs to. From one entry alone a greedy search may fill its list in a wrong cluster and never leave it, most
// of all when clusters came in turn. Measuring them costs little: their vectors are always in the cache.
//
// Picked anew by Delta whenever its linked rows have doubled.
//
// Thread safety: pick() from the linking thread, copy() from any. A reader that meets a pick sees some old entries
// and some new; each is a linked slot.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "delta/delta_space.h"

namespace vamana {

class DeltaEntries {
 public:
  static constexpr uint32_t kMost = 32;

  // Picks from a sample of the first `rows` slots: slot 0, from where all can be reached, then again and again what is
  // furthest from all picked so far. REQUIRES rows >= 1, all admitted to `space`.
  void pick(const DeltaSpace& space, uint32_t rows);

  // Writes up to kMost slots, no two alike but while a pick goes on; returns how many. 0 before the first pick.
  uint32_t copy(uint32_t* out) const {
    const uint32_t count = count_.load(std::memory_order_acquire);
    for (uint32_t i = 0; i < count; ++i) out[i] = slots_[i].load(std::memory_order_acquire);
    return count;
  }

 private:
  std::atomic<uint32_t> slots_[kMost] = {};
  std::atomic<uint32_t> count_{0};
  std::vector<float> nearest_;  // scratch of pick(): of each sampled row, the distance to the nearest entry
};

}  // namespace vamana
