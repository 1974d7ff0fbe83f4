// The nodes one search has met. Open addressing over a few thousand slots, so that it stays in the first
// cache levels whatever the graph's size; a bitmap over all nodes would miss the cache at every look.
//
// Scratch: made once a thread. Not thread-safe.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vamana {

class VisitedSet {
 public:
  // Empties the set and makes room so that `expected` nodes need no growth. Room that an earlier search grew
  // is kept up to four times that; a larger table would have to be emptied in vain by every search to come.
  void reset(size_t expected) {
    const size_t slots = std::bit_ceil(std::max<size_t>(expected * 2, 1024));
    if (slots_.size() < slots || slots_.size() > 4 * slots) slots_.resize(slots);
    std::fill(slots_.begin(), slots_.end(), kEmpty);
    mask_ = static_cast<uint32_t>(slots_.size() - 1);
    size_ = 0;
  }

  // True when the node was not there before. REQUIRES node != 2^32 - 1 (no segment has that many rows).
  bool insert(uint32_t node) {
    uint32_t at = hash(node) & mask_;
    while (slots_[at] != kEmpty) {
      if (slots_[at] == node) return false;
      at = (at + 1) & mask_;
    }
    slots_[at] = node;
    if (++size_ * 2 > slots_.size()) grow();
    return true;
  }

  size_t size() const { return size_; }
  // How large the table is: what reset() has to empty.
  size_t slots() const { return slots_.size(); }

 private:
  static constexpr uint32_t kEmpty = 0xFFFFFFFFu;

  // Multiplicative: ids of a locality order come in runs, which this spreads.
  static uint32_t hash(uint32_t node) { return (node * 0x9E3779B1u) >> 7; }

  void grow() {
    std::vector<uint32_t> old(slots_.size() * 2, kEmpty);
    old.swap(slots_);
    mask_ = static_cast<uint32_t>(slots_.size() - 1);
    for (const uint32_t node : old) {
      if (node == kEmpty) continue;
      uint32_t at = hash(node) & mask_;
      while (slots_[at] != kEmpty) at = (at + 1) & mask_;
      slots_[at] = node;
    }
  }

  std::vector<uint32_t> slots_;
  uint32_t mask_ = 0;
  size_t size_ = 0;
};

}  // namespace vamana
