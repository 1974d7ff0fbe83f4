// The nodes one search has met, as VisitedSet, for graphs of some hundred thousand nodes at most: one byte a node,
// which holds the number of the last search that met it. Asking is one load and no branch, where a hash table has
// one that the processor can not foresee; emptying costs something every 255 searches only.
//
// Scratch: made once a thread, a byte for each node of the largest graph it has searched. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vamana {

class VisitedTags {
 public:
  // Nodes from `nodes` on count as met from now on, whatever search it is.
  void bound(size_t nodes) {
    bound_ = nodes;
    if (tags_.size() < nodes) tags_.resize(std::max(nodes, tags_.size() + tags_.size() / 2), 0);
  }

  // Empties the set. How many nodes are expected does not matter.
  void reset(size_t = 0) {
    if (++tag_ != 0) return;
    std::fill(tags_.begin(), tags_.end(), uint8_t{0});
    tag_ = 1;
  }

  // True when the node was not there before.
  bool insert(uint32_t node) {
    if (node >= bound_) return false;
    const bool fresh = tags_[node] != tag_;
    tags_[node] = tag_;
    return fresh;
  }

 private:
  std::vector<uint8_t> tags_;
  size_t bound_ = 0;
  uint8_t tag_ = 0;
};

}  // namespace vamana
