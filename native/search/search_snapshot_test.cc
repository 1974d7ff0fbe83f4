// Snapshots against plain sets of rows: what dies, what is seen, where a row is found, over successions of parts.
#include "search/search_snapshot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/prng.h"
#include "testing/filled_delta.h"
#include "testing/sample_segment.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

constexpr VectorSpace kSpace{4, Element::kU8, Metric::kL2};

class SearchSnapshotTest : public ::testing::Test {
 protected:
  // A segment with rows first, first + step, ... in an order of nodes that is not theirs.
  std::shared_ptr<const Segment> segment(uint32_t rows, uint32_t first, uint32_t step, VectorSpace space = kSpace) {
    auto sample = testing::make_sample({rows, space.dim, space.element, space.metric}, 4, 2, rows + first);
    for (uint32_t& row : sample.rows) row = first + row * step;
    const std::string dir = dir_.file(format("seg-%u", made_++));
    EXPECT_TRUE(testing::write_sample(sample, dir).ok());
    auto opened = Segment::open(dir, IoKind::kPread, pool_);
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    return opened.value();
  }

  static std::shared_ptr<Delta> delta(VectorSpace space = kSpace) {
    return testing::empty_delta(space.dim, space.element, space.metric);
  }
  static void append(Delta& delta, const std::vector<uint32_t>& rows) {
    const std::vector<uint8_t> vectors(rows.size() * kSpace.vector_bytes(), 1);
    ASSERT_TRUE(delta.append(rows, vectors.data()).ok());
  }

  // Every row of [0, end) is found where it lives, and nowhere else.
  static void expect_rows(const SearchSnapshot& snapshot, const std::set<uint32_t>& live, uint32_t end) {
    EXPECT_EQ(snapshot.live_rows(), live.size());
    for (uint32_t row = 0; row < end; ++row) {
      const auto place = snapshot.find(row);
      ASSERT_TRUE(place.ok()) << place.status().message();
      ASSERT_EQ(place->has_value(), live.contains(row)) << "row " << row;
      if (!place->has_value()) continue;
      const SearchSnapshot::Place found = place->value();
      const size_t segments = snapshot.segments().size(), part = found.part;
      if (part < segments) {
        ASSERT_EQ(snapshot.segments()[part].segment->row_map().node_of(row).value(), found.at);
        ASSERT_FALSE(snapshot.segments()[part].dead_nodes.test(found.at));
      } else {
        ASSERT_EQ(snapshot.deltas()[part - segments].delta->row(found.at), row);
      }
    }
  }

  testing::TempDir dir_;
  ThreadPool pool_{1};
  uint32_t made_ = 0;
};

TEST_F(SearchSnapshotTest, SuccessionsEqualSetsOfRows) {
  constexpr uint64_t kSeed = 20240803;
  SCOPED_TRACE(kSeed);
  Prng prng(kSeed);
  const SearchSnapshot::Segments segments = {segment(400, 0, 2), segment(300, 1, 2), segment(100, 800, 1)};
  std::set<uint32_t> live;
  for (uint32_t i = 0; i < 400; ++i) live.insert(2 * i);
  for (uint32_t i = 0; i < 300; ++i) live.insert(2 * i + 1);
  for (uint32_t i = 0; i < 100; ++i) live.insert(800 + i);
  const auto fresh = delta();
  const uint32_t dead_at_first[] = {3, 800, 5000};
  auto snapshot = SearchSnapshot::create(kSpace, segments, {fresh}, dead_at_first).value();
  for (const uint32_t row : dead_at_first) live.erase(row);
  uint32_t next_row = 1000;
  std::set<uint32_t> killed;  // rows that no part has yet among them: they come dead
  for (int step = 0; step < 30; ++step) {
    std::vector<uint32_t> appended, dead;
    for (uint64_t i = prng.below(20); i > 0; --i)
      appended.push_back(next_row += 1 + static_cast<uint32_t>(prng.below(3)));
    append(*fresh, appended);
    for (const uint32_t row : appended) {
      if (!killed.contains(row)) live.insert(row);
    }
    for (uint64_t i = prng.below(30); i > 0; --i) dead.push_back(static_cast<uint32_t>(prng.below(next_row + 10)));
    if (!appended.empty()) dead.push_back(appended[0]);  // written and replaced by one batch
    const auto before = snapshot;
    const std::set<uint32_t> live_before = live;
    const uint64_t live_rows_before = before->live_rows();
    snapshot = before->next({.dead = dead}).value();
    for (const uint32_t row : dead) live.erase(row);
    killed.insert(dead.begin(), dead.end());
    ASSERT_NO_FATAL_FAILURE(expect_rows(*snapshot, live, next_row + 10)) << "step " << step;
    // What is appended later is not seen by an earlier one, and what dies later lives there.
    EXPECT_EQ(before->live_rows(), live_rows_before);
    if (!appended.empty()) {
      EXPECT_FALSE(before->find(appended.back())->has_value());
    }
  }
}

// A flush: the rows of a delta come back as a segment, while some of them die.
TEST_F(SearchSnapshotTest, PartsAreReplacedAndTheDeadCarryOver) {
  const auto frozen = delta(), fresh = delta();
  append(*frozen, {10, 12, 14, 16, 18});
  append(*fresh, {20, 21});
  const uint32_t dead[] = {12, 21};
  const auto before = SearchSnapshot::create(kSpace, {}, {frozen, fresh}, dead).value();
  expect_rows(*before, {10, 14, 16, 18, 20}, 30);
  // Written without row 12, which was dead by then, but with 14, which dies before the segment is there.
  auto sample = testing::make_sample({4, 4, Element::kU8, Metric::kL2}, 2, 2, 1);
  const uint32_t rows[] = {10, 14, 16, 18};
  for (uint32_t& row : sample.rows) row = rows[row];
  ASSERT_TRUE(testing::write_sample(sample, dir_.file("flushed")).ok());
  const auto flushed = Segment::open(dir_.file("flushed"), IoKind::kPread, pool_).value();
  const uint32_t later[] = {14};
  const auto during = before->next({.dead = later}).value();
  const uint32_t last[] = {18};
  const auto after = during->next({.dead = last, .segments = {{flushed}}, .deltas = {{fresh}}}).value();
  expect_rows(*after, {10, 16, 20}, 30);
  expect_rows(*during, {10, 16, 18, 20}, 30);
  expect_rows(*before, {10, 14, 16, 18, 20}, 30);
  EXPECT_EQ(after->segments()[0].dead_nodes.count(), 2u);
}

// Both ways to find the dead of a segment that is new: row by row, and in one pass.
TEST_F(SearchSnapshotTest, ANewSegmentLearnsItsDead) {
  const auto part = segment(20000, 5, 3);
  for (const uint32_t share : {20000u, 3u}) {
    std::vector<uint32_t> dead;
    std::set<uint32_t> expected;
    for (uint32_t i = 0; i < 20000; i += share) {
      dead.push_back(5 + 3 * i);
      dead.push_back(6 + 3 * i);  // of no part
      expected.insert(part->row_map().node_of(5 + 3 * i)->value());
    }
    const auto snapshot = SearchSnapshot::create(kSpace, {part}, {}, dead).value();
    EXPECT_EQ(snapshot->live_rows(), 20000 - expected.size());
    for (const uint32_t node : expected) ASSERT_TRUE(snapshot->segments()[0].dead_nodes.test(node));
  }
}

TEST_F(SearchSnapshotTest, ASuccessorSharesWhatDidNotChange) {
  const auto one = segment(200000, 0, 1), two = segment(1000, 300000, 1);
  const uint32_t dead[] = {1, 70000, 140000, 300001};
  const auto before = SearchSnapshot::create(kSpace, {one, two}, {}, dead).value();
  const uint32_t more[] = {300002};
  const auto after = before->next({.dead = more}).value();
  EXPECT_EQ(after->segments()[0].dead_nodes.chunks_shared_with(before->segments()[0].dead_nodes), 3u);
  EXPECT_EQ(after->dead_rows().chunks_shared_with(before->dead_rows()), 3u);
  EXPECT_EQ(before->segments()[1].dead_nodes.count(), 1u);
}

TEST_F(SearchSnapshotTest, PartsOfAnotherSpaceAreRefused) {
  const auto other = segment(10, 0, 1, {4, Element::kU8, Metric::kDot});
  EXPECT_EQ(SearchSnapshot::create(kSpace, {other}, {}, {}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(SearchSnapshot::create(kSpace, {}, {delta({5, Element::kU8, Metric::kL2})}, {}).status().code(),
            Code::kInvalidArgument);
  const auto nothing = SearchSnapshot::create(kSpace, {}, {}, {}).value();
  EXPECT_EQ(nothing->live_rows(), 0u);
  EXPECT_EQ(nothing->next({.segments = {{other}}}).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace vamana
