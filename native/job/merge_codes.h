// The codes of a merge's nodes while it is under way: those of the segment whose graph it keeps lie there, those of
// fresh rows are made by the same codec. With them all nodes can be compared to a vector without one being read.
//
// Thread safety: const after create(); any number of readers. A MergeCodeSpace belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/prefetch.h"
#include "codec/codec.h"
#include "job/build_run.h"
#include "segment/segment.h"

namespace vamana {

class MergeCodes {
 public:
  // Nodes below old_of.size() are old_of[node] of `kept`, all others of the run are fresh: reads and encodes them with
  // the codec of `kept`. Under the inner product, where `lifted` asks for it, reads all vectors for their lengths.
  // `old_of` outlives this. REQUIRES run.vectors.
  static Result<MergeCodes> create(BuildRun& run, std::shared_ptr<const Segment> kept,
                                   const std::vector<uint32_t>& old_of, bool lifted);
  // Bytes that create() leaves in RAM.
  static uint64_t bytes(uint32_t code_bytes, uint64_t fresh, uint64_t lifted_rows);

  const uint8_t* code(uint32_t node) const {
    return node < kept_nodes() ? kept_->code_layout().code((*old_of_)[node]) : fresh_.code(node - kept_nodes());
  }
  // Mean squared distance of the fresh vectors from what their codes decode to; 0 without any.
  double fresh_error() const { return fresh_error_; }

 private:
  friend class MergeCodeSpace;
  uint32_t kept_nodes() const { return static_cast<uint32_t>(old_of_->size()); }
  Status encode_fresh(BuildRun& run);
  Status measure_lengths(BuildRun& run);

  std::shared_ptr<const Segment> kept_;
  const std::vector<uint32_t>* old_of_ = nullptr;
  AlignedBuffer fresh_codes_;
  CodeLayout fresh_;
  double fresh_error_ = 0;
  std::vector<float> lift_;  // by node, as in graph/build_space.h; empty but for the inner product
  float length_max_squared_ = 0;
};

// Estimated distances from one node, whose vector is at hand, to any other: what searches for it measure with.
class MergeCodeSpace {
 public:
  explicit MergeCodeSpace(const MergeCodes& codes)
      : codes_(codes), scorer_(codes.kept_->codec().scorer()), table_(codes.kept_->codec().query_floats()) {}

  // `wide`: the vector of the node that is the target from now on, as codecs want it.
  void aim(const float* wide) { codes_.kept_->codec().prepare(wide, table_.data()); }

  // REQUIRES the target that aim() was called for.
  float distance(uint32_t node, uint32_t target) const {
    const bool kept = node < codes_.kept_nodes();
    const uint32_t place = kept ? (*codes_.old_of_)[node] : node - codes_.kept_nodes();
    float estimate = 0;
    scorer_(table_.data(), kept ? codes_.kept_->code_layout() : codes_.fresh_, &place, 1, &estimate);
    if (codes_.lift_.empty()) return estimate;
    return 2 * (codes_.length_max_squared_ + estimate - codes_.lift_[node] * codes_.lift_[target]);
  }
  void prefetch(uint32_t node) const { prefetch_line(codes_.code(node)); }

 private:
  const MergeCodes& codes_;
  const CodeScoreFn scorer_;
  std::vector<float> table_;
};

}  // namespace vamana
