// Segments of made-up vectors with rows that die, merged: the parts of tests of merging. Row i of the set is row
// delta_row(i) of the collection, whichever part it is in. For tests only.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "job/merge_job.h"
#include "segment/verify.h"
#include "testing/built_segment.h"
#include "testing/filled_delta.h"
#include "testing/temp_dir.h"

namespace vamana::testing {

class MergeParts {
 public:
  explicit MergeParts(VectorSet set, Metric metric = Metric::kL2, uint32_t code_bytes = 16)
      : set_(std::move(set)), metric_(metric), code_bytes_(code_bytes) {}

  const VectorSet& set() const { return set_; }
  std::string file(const std::string& name) const { return dir_.file(name); }
  const TempDir& dir() const { return dir_; }
  ThreadPool& pool() { return pool_; }

  std::shared_ptr<Delta> delta(uint32_t begin, uint32_t end) const {
    auto delta = empty_delta(set_.dim, set_.element, metric_, 16);
    EXPECT_TRUE(append_rows(*delta, set_, begin, end).ok());
    return delta;
  }
  // A segment of rows [begin, end), built as a flush builds it; degree 16, build list 40.
  std::shared_ptr<const Segment> segment(uint32_t begin, uint32_t end) {
    const auto rows = LiveRows::create({}, {{delta(begin, end), end - begin}}, {}).value();
    return segment_of(rows);
  }
  std::shared_ptr<const Segment> segment_of(const std::shared_ptr<const LiveRows>& rows) {
    BuildOptions options = build_options(next_name());
    options.row_source = rows;
    options.source.rows = rows->rows();
    options.source.dim = rows->dim();
    options.source.element = rows->element();
    const auto report = build(options);
    EXPECT_TRUE(report.ok()) << report.status().message();
    return open(options.dir);
  }
  std::shared_ptr<const Segment> open(const std::string& path) {
    return Segment::open(path, IoKind::kPread, pool_).value();
  }

  BuildOptions build_options(const std::string& path) const {
    BuildOptions options = quick_build({}, path, metric_);
    options.code_bytes = code_bytes_;
    return options;
  }

  // The dead of a segment, by places in the set.
  static LiveRows::SegmentRows part(std::shared_ptr<const Segment> segment, const std::set<uint32_t>& dead) {
    std::vector<uint32_t> nodes;
    for (const uint32_t i : dead) {
      const auto node = segment->row_map().node_of(delta_row(i)).value();
      if (node) nodes.push_back(*node);
    }
    return {std::move(segment), BitChunks().with(nodes)};
  }

  // A streaming merge into a new folder, the first segment's graph kept.
  MergeOptions merge_of(const std::vector<std::shared_ptr<const Segment>>& segments, const std::set<uint32_t>& dead,
                        std::vector<LiveRows::DeltaRows> deltas = {}) {
    std::vector<uint32_t> dead_rows;
    for (const uint32_t i : dead) dead_rows.push_back(delta_row(i));
    std::vector<LiveRows::SegmentRows> parts;
    for (const auto& segment : segments) parts.push_back(part(segment, dead));
    MergeOptions options;
    options.large = parts.front();
    options.rows = LiveRows::create(parts, std::move(deltas), BitChunks().with(dead_rows)).value();
    options.build = build_options(next_name());
    return options;
  }

  // What a merge left: sound, and with exactly the rows of `live`, each with its vector.
  void expect_holds(const std::string& path, const std::set<uint32_t>& live) {
    CancelFlag cancel;
    const auto verified = verify_segment(path, pool_, cancel, {});
    ASSERT_TRUE(verified.ok()) << verified.status().message();
    EXPECT_EQ(verified->unreachable, 0u);
    for (const Status& problem : verified->problems) ADD_FAILURE() << problem.message();
    const auto rows = LiveRows::create({{open(path), {}}}, {}, {}).value();
    ASSERT_EQ(rows->rows(), live.size());
    std::vector<uint8_t> bytes(rows->rows() * rows->row_bytes());
    ASSERT_TRUE(rows->read_rows(0, rows->rows(), bytes.data()).ok());
    std::set<uint32_t> seen;
    for (uint64_t place = 0; place < rows->rows(); ++place) {
      const uint32_t i = (rows->row_id(place) - 7) / 3;
      seen.insert(i);
      if (metric_ == Metric::kCosine) continue;  // deltas normalise what they take
      ASSERT_TRUE(std::equal(set_.row(i), set_.row(i) + set_.row_bytes(), bytes.data() + place * rows->row_bytes()))
          << "row " << i;
    }
    EXPECT_EQ(seen, live);
  }

 private:
  std::string next_name() { return dir_.file(format("seg-%u", made_++)); }

  const VectorSet set_;
  const Metric metric_;
  const uint32_t code_bytes_;
  const TempDir dir_;
  ThreadPool pool_{2};
  uint32_t made_ = 0;
};

// Runs by a plan for this way, without cancelling or listening.
inline Result<MergeReport> merge_in(const MergeOptions& options, bool vectors_in_memory) {
  const CancelFlag cancel;
  return run_merge_plan(options, streaming_plan(options, vectors_in_memory), cancel,
                        [](BuildStage, uint64_t, uint64_t) {});
}

}  // namespace vamana::testing
