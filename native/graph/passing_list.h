// A beam that passes through nodes that do not count: dead ones, ones a snapshot does not see yet, ones a filter
// refuses. They are expanded in their turn, since the way to a live node may lead through them, but they use up no
// place of the beam: its limit holds for counted nodes only. So k live neighbours are found where a whole
// neighbourhood is dead, and a beam of which every node counts is a CandidateList and does the same work.
//
// Nodes passed through are bounded: when their number is spent the beam gives up on them and goes on with the counted
// nodes it has, and gave_up() tells the caller that the answer may lack some. For a caller that knows how many to
// expect they are bounded by their share too, and either being spent ends it: such a caller looks elsewhere.
//
// Scratch: made once a thread, reused by every search. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "graph/candidate_list.h"

namespace vamana {

class PassingList {
 public:
  static constexpr double kPassFirst = 64;
  static constexpr double kAnyShare = std::numeric_limits<double>::infinity();

  // Empties the beam. At most `limit` counted nodes are kept, at most `pass_max` others expanded, and after the first
  // kPassFirst of these `pass_each` for every counted one. REQUIRES limit >= 1.
  void reset(size_t limit, size_t pass_max, double pass_each = kAnyShare) {
    counted_.reset(limit);
    passing_.clear();
    pass_left_ = pass_max;
    share_left_ = kPassFirst + pass_each;
    pass_each_ = pass_each;
    gave_up_ = false;
  }

  // The nearest nodes that count, ascending: the result.
  const CandidateList& counted() const { return counted_; }
  // For a caller that knows of nodes outside the graph: what it inserts is not to be popped any more.
  CandidateList& counted() { return counted_; }
  bool gave_up() const { return gave_up_; }

  // A distance that could change the result: a node further than the last of a full list leads nowhere.
  bool would_enter(float distance) const { return counted_.would_enter(distance); }

  // REQUIRES a node not offered before.
  void insert(float distance, uint32_t node, bool counts) {
    if (counts) {
      counted_.insert(distance, node);
    } else if (!gave_up_) {
      passing_.push_back({distance, node, false});
      std::push_heap(passing_.begin(), passing_.end(), further);
    }
  }

  // The nearest node not yet expanded, counted or not; false when all that could matter are.
  bool pop_nearest(Candidate* out) {
    if (passing_is_next()) {
      if (pass_left_ > 0 && share_left_ > 0 && would_enter(passing_.front().distance)) {
        --pass_left_;
        --share_left_;
        *out = passing_.front();
        std::pop_heap(passing_.begin(), passing_.end(), further);
        passing_.pop_back();
        return true;
      }
      gave_up_ = would_enter(passing_.front().distance);
      passing_.clear();
      if (gave_up_ && pass_each_ != kAnyShare) return false;
    }
    if (!counted_.pop_nearest(out)) return false;
    share_left_ += pass_each_;
    return true;
  }

  // What pop_nearest would most likely return next; nullptr when there is none.
  const Candidate* nearest() const { return passing_is_next() ? &passing_.front() : counted_.nearest(); }

  // The node of nearest(), for prefetching; false when there is none.
  bool peek_nearest(uint32_t* node) const {
    const Candidate* const next = nearest();
    if (next != nullptr) *node = next->node;
    return next != nullptr;
  }

 private:
  static bool further(const Candidate& a, const Candidate& b) { return b.before(a); }

  bool passing_is_next() const {
    if (passing_.empty()) return false;
    const Candidate* const next = counted_.nearest();
    return next == nullptr || passing_.front().before(*next);
  }

  CandidateList counted_;
  std::vector<Candidate> passing_;  // not yet expanded, a heap with the nearest in front
  size_t pass_left_ = 0;
  double share_left_ = 0;  // as pass_each has it
  double pass_each_ = 0;
  bool gave_up_ = false;
};

}  // namespace vamana
