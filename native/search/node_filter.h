// Which nodes of one segment a filter lets through. Walks ask it for every neighbour they meet, and scans of codes go
// over its members in order, so it is a bitmap by node: rows / 8 bytes.
//
// Thread safety: immutable.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "segment/segment.h"

namespace vamana {

class RowFilter;

class NodeFilter {
 public:
  static constexpr uint64_t kSample = 256;

  // Asks the segment for the table from rows to nodes (Segment::row_nodes), which stays in RAM from then on.
  static Result<std::shared_ptr<const NodeFilter>> create(const Segment& segment, const RowFilter& rows);
  // Node i is bit i % 64 of word i / 64.
  explicit NodeFilter(std::vector<uint64_t> words);

  bool test(uint32_t node) const { return (words_[node / 64] >> (node % 64) & 1) != 0; }
  // All there are, those that are no members too, to a whole word.
  uint64_t nodes() const { return words_.size() * 64; }
  // Dead ones included.
  uint64_t count() const { return count_; }
  // Of members with no other node between.
  uint64_t runs() const { return runs_; }
  // Up to kSample members, spread evenly over the nodes; near nodes have near numbers, so these lie in different
  // neighbourhoods.
  const std::vector<uint32_t>& sample() const { return sample_; }

  // The first member from `node` on; the number of nodes or above where there is none.
  uint64_t next(uint32_t node) const {
    size_t word = node / 64;
    if (word >= words_.size()) return words_.size() * 64;
    uint64_t bits = words_[word] & ~uint64_t{0} << (node % 64);
    while (bits == 0) {
      if (++word == words_.size()) return words_.size() * 64;
      bits = words_[word];
    }
    return word * 64 + static_cast<uint64_t>(__builtin_ctzll(bits));
  }

  // Calls visit(node) for every member, ascending, until it returns false.
  template <typename Visit>
  bool for_each(const Visit& visit) const {
    for (size_t word = 0; word < words_.size(); ++word) {
      for (uint64_t bits = words_[word]; bits != 0; bits &= bits - 1) {
        if (!visit(static_cast<uint32_t>(word * 64 + static_cast<size_t>(__builtin_ctzll(bits))))) return false;
      }
    }
    return true;
  }

  // Calls visit(node) for every member of [first, last), ascending. REQUIRES multiples of 64; `last` may lie beyond.
  template <typename Visit>
  void for_each_between(uint64_t first, uint64_t last, const Visit& visit) const {
    const size_t end = std::min<size_t>(words_.size(), last / 64);
    for (size_t word = first / 64; word < end; ++word) {
      for (uint64_t bits = words_[word]; bits != 0; bits &= bits - 1) {
        visit(static_cast<uint32_t>(word * 64 + static_cast<size_t>(__builtin_ctzll(bits))));
      }
    }
  }

 private:
  const std::vector<uint64_t> words_;
  std::vector<uint32_t> sample_;
  uint64_t count_ = 0;
  uint64_t runs_ = 0;
};

}  // namespace vamana
