// The codes of some nodes scored, one after the other: of those that match a filter, of those of them that stand
// together, and of those that live where most are dead. Nodes come in order, and are some groups behind what is on its
// way from memory: codes that lie far apart come at the pace of the memory, and while they come those of before are
// scored, few at a time, so that it never rests.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/cancel.h"
#include "graph/candidate_list.h"

namespace vamana {

// `Distance` measures as CodeDistance does; insert(distance, node) is called for what would enter the beam.
template <typename Distance, typename Insert>
class CodeScan {
 public:
  // For `beam`, which is reset already. All outlive this; `cancel` may be null.
  CodeScan(const Distance& distance, const CandidateList& beam, const CancelFlag* cancel, const Insert& insert)
      : distance_(distance), beam_(beam), cancel_(cancel), insert_(insert) {}

  // False when cancelled.
  bool add(uint32_t node) {
    distance_.prefetch(node);
    coming_[filled_++ % kRing] = node;
    return filled_ - scored_ < kRing || score_group();
  }
  // What is still on its way. False when cancelled.
  bool finish() {
    while (filled_ > scored_) {
      if (!score_group()) return false;
    }
    return true;
  }
  uint32_t scored() const { return static_cast<uint32_t>(std::min<uint64_t>(scored_, 0xFFFFFFFFu)); }

 private:
  static constexpr uint32_t kGroup = 16;
  static constexpr uint32_t kRing = 4 * kGroup;
  // Codes between two looks at the cancel flag.
  static constexpr uint32_t kCancelCodes = 1 << 16;  // a multiple of kGroup

  // The group that has been coming for longest; at the end maybe a smaller one.
  bool score_group() {
    const uint32_t* const nodes = coming_ + scored_ % kRing;
    const uint32_t count = static_cast<uint32_t>(std::min<uint64_t>(kGroup, filled_ - scored_));
    float distances[kGroup];
    distance_(nodes, count, distances);
    for (uint32_t i = 0; i < count; ++i) {
      if (beam_.would_enter(distances[i])) insert_(distances[i], nodes[i]);
    }
    scored_ += count;
    if (scored_ % kCancelCodes != 0) return true;
    return cancel_ == nullptr || !cancel_->cancelled();
  }

  const Distance& distance_;
  const CandidateList& beam_;
  const CancelFlag* const cancel_;
  const Insert& insert_;
  uint32_t coming_[kRing];
  uint64_t filled_ = 0;
  uint64_t scored_ = 0;
};

}  // namespace vamana
