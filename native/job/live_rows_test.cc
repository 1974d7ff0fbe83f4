// Live rows as a source: every one in its place, the dead left out, and segments built from them.
#include "job/live_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/prng.h"
#include "segment/segment_files.h"
#include "segment/verify.h"
#include "testing/built_segment.h"
#include "testing/filled_delta.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::make_vectors;
using testing::VectorSet;

class LiveRowsTest : public ::testing::Test {
 protected:
  // Row i of the set is row delta_row(i) of the collection.
  static std::shared_ptr<Delta> delta_of(const VectorSet& set, uint32_t begin, uint32_t end,
                                         Metric metric = Metric::kL2) {
    auto delta = testing::empty_delta(set.dim, set.element, metric, 16);
    EXPECT_TRUE(testing::append_rows(*delta, set, begin, end).ok());
    return delta;
  }

  std::shared_ptr<const Segment> segment_of(const LiveRows::DeltaRows& rows, const BitChunks& dead = {}) {
    return build({}, {rows}, dead);
  }

  std::shared_ptr<const Segment> build(std::vector<LiveRows::SegmentRows> segments,
                                       std::vector<LiveRows::DeltaRows> deltas, const BitChunks& dead,
                                       uint64_t memory_limit = 0) {
    const std::string dir = dir_.file(format("seg-%u", made_++));
    BuildOptions options = testing::quick_build({}, dir);
    const auto rows = LiveRows::create(std::move(segments), std::move(deltas), dead).value();
    options.row_source = rows;
    options.source.rows = rows->rows();
    options.source.dim = rows->dim();
    options.source.element = rows->element();
    options.memory_limit = memory_limit;
    const auto report = testing::build(options);
    EXPECT_TRUE(report.ok()) << report.status().message();
    CancelFlag cancel;
    const auto verified = verify_segment(dir, pool_, cancel, {});
    EXPECT_TRUE(verified.ok());
    for (const Status& problem : verified->problems) ADD_FAILURE() << problem.message();
    return Segment::open(dir, IoKind::kPread, pool_).value();
  }

  static BitChunks dead_nodes(const Segment& segment, const std::set<uint32_t>& dead_rows) {
    std::vector<uint32_t> nodes;
    for (const uint32_t row : dead_rows) {
      const auto node = segment.row_map().node_of(row).value();
      if (node) nodes.push_back(*node);
    }
    return BitChunks().with(nodes);
  }

  // Every live row once, each with its vector, whatever the windows it is read in.
  static void expect_rows(const LiveRows& rows, const VectorSet& set, const std::set<uint32_t>& live, uint64_t seed) {
    ASSERT_EQ(rows.rows(), live.size());
    std::set<uint32_t> seen;
    for (uint64_t place = 0; place < rows.rows(); ++place) seen.insert(rows.row_id(place));
    EXPECT_EQ(seen, live);
    Prng prng(seed);
    for (int i = 0; i < 200; ++i) {
      const uint64_t first = prng.below(rows.rows()), count = 1 + prng.below(rows.rows() - first);
      std::vector<uint8_t> read(count * rows.row_bytes());
      const Status status = rows.read_rows(first, i % 2 == 0 ? count : 1, read.data());
      ASSERT_TRUE(status.ok()) << status.message();
      for (uint64_t k = 0; k < (i % 2 == 0 ? count : 1); ++k) {
        const uint8_t* const expected = set.row((rows.row_id(first + k) - 7) / 3);
        ASSERT_TRUE(std::equal(expected, expected + rows.row_bytes(), read.data() + k * rows.row_bytes()))
            << "place " << first + k << ", seed " << seed;
      }
    }
  }

  testing::TempDir dir_;
  ThreadPool pool_{2};
  uint32_t made_ = 0;
};

TEST_F(LiveRowsTest, SegmentsAndDeltasWithoutTheirDead) {
  for (const uint32_t dim : {5u, 700u, 1500u}) {  // many, one, and less than one record a page
    const VectorSet set = make_vectors({.rows = 900, .dim = dim, .seed = dim});
    const auto one = segment_of({delta_of(set, 0, 400), 400}), two = segment_of({delta_of(set, 400, 500), 100});
    const auto fresh = delta_of(set, 500, 900);
    for (const uint64_t share : {0u, 3u, 60u, 99u}) {
      Prng prng(share + dim);
      std::set<uint32_t> dead, live;
      for (uint32_t i = 0; i < 800; ++i) (prng.below(100) < share ? dead : live).insert(testing::delta_row(i));
      const BitChunks dead_rows = BitChunks().with(std::vector<uint32_t>(dead.begin(), dead.end()));
      // The last 100 rows of the delta are not visible.
      const auto rows =
          LiveRows::create({{one, dead_nodes(*one, dead)}, {two, dead_nodes(*two, dead)}}, {{fresh, 300}}, dead_rows);
      ASSERT_TRUE(rows.ok()) << rows.status().message();
      ASSERT_NO_FATAL_FAILURE(expect_rows(*rows.value(), set, live, share + dim));
    }
  }
}

TEST_F(LiveRowsTest, AMergeKeepsTheNumbersOfItsRows) {
  const VectorSet set = make_vectors({.rows = 1500, .dim = 10, .element = Element::kU8, .seed = 8});
  const auto one = segment_of({delta_of(set, 0, 700), 700}), two = segment_of({delta_of(set, 700, 1200), 500});
  std::set<uint32_t> dead, live;
  for (uint32_t i = 0; i < 1500; ++i) (i % 5 == 2 ? dead : live).insert(testing::delta_row(i));
  const BitChunks dead_rows = BitChunks().with(std::vector<uint32_t>(dead.begin(), dead.end()));
  const auto merged = build({{one, dead_nodes(*one, dead)}, {two, dead_nodes(*two, dead)}},
                            {{delta_of(set, 1200, 1500), 300}}, dead_rows);
  EXPECT_EQ(merged->rows(), live.size());
  const auto again = LiveRows::create({{merged, {}}}, {}, {}).value();
  expect_rows(*again, set, live, 1);
}

TEST_F(LiveRowsTest, InPartitionsToo) {
  const VectorSet set = make_vectors({.rows = 4000, .dim = 24, .seed = 5});
  const auto one = segment_of({delta_of(set, 0, 4000), 4000});
  std::set<uint32_t> dead, live;
  for (uint32_t i = 0; i < 4000; ++i) (i % 3 == 0 ? dead : live).insert(testing::delta_row(i));
  BuildOptions options = testing::quick_build({}, dir_.file("parts"));
  const auto rows = LiveRows::create({{one, dead_nodes(*one, dead)}}, {}, {}).value();
  options.row_source = rows;
  options.source.rows = rows->rows();
  options.source.dim = rows->dim();
  options.source.element = rows->element();
  CancelFlag cancel;
  const auto built =
      run_plan(options, plan_for(options, 4, BuildOrder::kBisection), cancel, [](BuildStage, uint64_t, uint64_t) {});
  ASSERT_TRUE(built.ok()) << built.status().message();
  const auto segment = Segment::open(options.dir, IoKind::kPread, pool_).value();
  expect_rows(*LiveRows::create({{segment, {}}}, {}, {}).value(), set, live, 2);
}

// The rows' own numbers aside, it does not matter where rows come from.
TEST_F(LiveRowsTest, TheSameRowsFromAFileAreTheSameBytes) {
  const VectorSet set = make_vectors({.rows = 800, .dim = 16, .seed = 3});
  testing::build_segment(set, dir_.file("from-file"));
  auto delta = testing::empty_delta(16, Element::kF32, Metric::kL2);
  std::vector<uint32_t> ids(800);
  for (uint32_t i = 0; i < 800; ++i) ids[i] = i;
  ASSERT_TRUE(delta->append(ids, set.row(0)).ok());
  const auto built = segment_of({delta, 800});
  for (const FileKind kind : kFileKinds) {
    auto a = testing::read_file(segment_file_path(dir_.file("from-file"), kind));
    auto b = testing::read_file(segment_file_path(built->dir(), kind));
    // Behind the header, which has the uuid.
    a.erase(a.begin(), a.begin() + kHeaderBytes);
    b.erase(b.begin(), b.begin() + kHeaderBytes);
    EXPECT_EQ(a, b) << segment_file_name(kind);
  }
}

TEST_F(LiveRowsTest, WhatCannotBeReadIsAnError) {
  const VectorSet set = make_vectors({.rows = 300, .dim = 10, .seed = 8});
  const auto one = segment_of({delta_of(set, 0, 300), 300});
  const auto rows = LiveRows::create({{one, {}}}, {}, {}).value();
  std::vector<uint8_t> room(301 * rows->row_bytes());
  EXPECT_EQ(rows->read_rows(0, 301, room.data()).code(), Code::kInvalidArgument);
  auto bytes = testing::read_file(one->vectors_path());
  bytes[4096 + 55] ^= 1;
  testing::write_file(one->vectors_path(), bytes);
  EXPECT_EQ(rows->read_rows(0, 300, room.data()).code(), Code::kCorrupt);
  BuildOptions options = testing::quick_build({}, dir_.file("never"));
  options.row_source = rows;
  options.source.dim = 10;
  options.source.rows = 299;
  EXPECT_EQ(testing::build(options).status().code(), Code::kInvalidArgument);
  options.source.rows = 300;
  EXPECT_EQ(testing::build(options).status().code(), Code::kCorrupt);
}

TEST_F(LiveRowsTest, NoLiveRowIsNoSegment) {
  const VectorSet set = make_vectors({.rows = 10, .dim = 4, .seed = 8});
  const auto delta = delta_of(set, 0, 10);
  BuildOptions options = testing::quick_build({}, dir_.file("never"));
  options.row_source = LiveRows::create({}, {{delta, 0}}, {}).value();
  options.source.dim = 4;
  options.source.rows = options.row_source->rows();
  const auto report = testing::build(options);
  EXPECT_EQ(report.status().code(), Code::kInvalidArgument);
  EXPECT_NE(report.status().message().find("found 0"), std::string::npos) << report.status().message();
}

}  // namespace
}  // namespace vamana
