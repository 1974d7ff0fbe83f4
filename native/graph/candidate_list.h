// The beam of a greedy search: the L nearest nodes seen so far, ascending by (distance, node), each marked
// once it has been expanded. Shared by the build (exact distances) and the walk (code distances).
//
// Scratch: made once a thread, reused by every search. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace vamana {

struct Candidate {
  float distance;
  uint32_t node;
  bool expanded;

  bool before(const Candidate& other) const {
    return distance < other.distance || (distance == other.distance && node < other.node);
  }
};

class CandidateList {
 public:
  // Empties the list and bounds it. REQUIRES limit >= 1.
  void reset(size_t limit) {
    limit_ = limit;
    size_ = 0;
    cursor_ = 0;
    if (entries_.size() < limit + 1) entries_.resize(limit + 1);
  }

  size_t size() const { return size_; }
  const Candidate& operator[](size_t i) const { return entries_[i]; }

  // A distance that cannot enter a full list: what scoring may skip.
  bool would_enter(float distance) const { return size_ < limit_ || distance < entries_[size_ - 1].distance; }

  // REQUIRES a node not offered before. Keeps the list sorted; the last falls out of a full list.
  void insert(float distance, uint32_t node) {
    const Candidate entry{distance, node, false};
    if (size_ == limit_ && !entry.before(entries_[size_ - 1])) return;
    size_t low = 0, high = size_;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (entries_[middle].before(entry)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    std::memmove(&entries_[low + 1], &entries_[low], (size_ - low) * sizeof(Candidate));
    entries_[low] = entry;
    if (size_ < limit_) ++size_;
    if (low < cursor_) cursor_ = low;
  }

  // The nearest node not yet expanded, marked as expanded; false when all are.
  bool pop_nearest(Candidate* out) {
    while (cursor_ < size_ && entries_[cursor_].expanded) ++cursor_;
    if (cursor_ == size_) return false;
    entries_[cursor_].expanded = true;
    *out = entries_[cursor_++];
    return true;
  }

  // After pop_nearest: the entry popped and all before it, that many, have been expanded.
  size_t expanded_before() const { return cursor_; }

  // What pop_nearest would return next; nullptr when there is none.
  const Candidate* nearest() const {
    for (size_t i = cursor_; i < size_; ++i) {
      if (!entries_[i].expanded) return &entries_[i];
    }
    return nullptr;
  }

  // The node of nearest(), for prefetching; false when there is none.
  bool peek_nearest(uint32_t* node) const {
    const Candidate* const next = nearest();
    if (next != nullptr) *node = next->node;
    return next != nullptr;
  }

 private:
  std::vector<Candidate> entries_;  // one more than the limit, so that an insert can shift before it cuts
  size_t limit_ = 1;
  size_t size_ = 0;
  size_t cursor_ = 0;  // no unexpanded entry lies before it
};

}  // namespace vamana
