// How deep a query reads: as asked, or as deep as the code's error leaves doubt.
#include "search/rerank.h"

#include <gtest/gtest.h>

#include <vector>

namespace vamana {
namespace {

// Candidates at the distances 100, 101, 102, ...
CandidateList steps(size_t size) {
  CandidateList beam;
  beam.reset(size);
  for (size_t i = 0; i < size; ++i) beam.insert(100.0f + static_cast<float>(i), static_cast<uint32_t>(i));
  return beam;
}

size_t depth(SearchParams params, float spread, const CandidateList& beam, Metric metric = Metric::kL1) {
  return rerank_depth(params, metric, spread, beam);
}

TEST(RerankDepth, IsWhatIsAskedForButNeverBelowKNorPastTheList) {
  const CandidateList beam = steps(64);
  EXPECT_EQ(depth({.k = 10, .list_size = 64, .rerank = 40}, 1, beam), 40u);
  EXPECT_EQ(depth({.k = 10, .list_size = 64, .rerank = 3}, 1, beam), 10u);
  EXPECT_EQ(depth({.k = 10, .list_size = 64, .rerank = 200}, 1, beam), 64u);
}

TEST(RerankDepth, WithoutErrorReadsJustK) {
  EXPECT_EQ(depth({.k = 10, .list_size = 64}, 0, steps(64)), 10u);
  EXPECT_EQ(depth({.k = 10, .list_size = 64}, 0, steps(7)), 7u);
  // Equal estimates cannot be told apart: all of them are read.
  CandidateList equal;
  equal.reset(30);
  for (uint32_t i = 0; i < 30; ++i) equal.insert(5, i);
  EXPECT_EQ(depth({.k = 10, .list_size = 30}, 0, equal), 30u);
}

TEST(RerankDepth, TakesWhatTheErrorCouldBringAmongTheNearest) {
  // log2(160 / 10) / 2 = 2 deviations of 3 past the tenth, at 109: up to 115.
  EXPECT_EQ(depth({.k = 10, .list_size = 160}, 3, steps(160)), 16u);
  // Twice the error, twice the margin.
  EXPECT_EQ(depth({.k = 10, .list_size = 160}, 6, steps(160)), 22u);
  // A longer list asks for more certainty; one no longer than k for none.
  EXPECT_EQ(depth({.k = 10, .list_size = 640}, 3, steps(160)), 19u);
  EXPECT_EQ(depth({.k = 10, .list_size = 10}, 3, steps(160)), 10u);
}

TEST(RerankDepth, GrowsWithTheRootOfTheDistanceUnderEuclid) {
  // The tenth is at 109: its root, 10.44, times 2 deviations of 0.3 is 6.26.
  EXPECT_EQ(depth({.k = 10, .list_size = 160}, 0.3f, steps(160), Metric::kL2), 16u);
  EXPECT_EQ(depth({.k = 10, .list_size = 160}, 0.3f, steps(160), Metric::kDot), 10u);
}

std::vector<size_t> sure(SearchParams params, std::vector<float> spreads, std::vector<const CandidateList*> beams) {
  std::vector<size_t> depths(beams.size(), 77);
  sure_depths(params, Metric::kL1, spreads, beams, depths);
  return depths;
}

TEST(SureDepths, AreThoseAMarginBelowTheFirstOutside) {
  const CandidateList beam = steps(160);
  // 2 deviations of 3 below the eleventh, at 110: those nearer than 104.
  EXPECT_EQ(sure({.k = 10, .list_size = 160}, {3}, {&beam}), (std::vector<size_t>{4}));
  EXPECT_EQ(sure({.k = 10, .list_size = 160}, {0}, {&beam}), (std::vector<size_t>{10}));
  EXPECT_EQ(sure({.k = 10, .list_size = 160}, {100}, {&beam}), (std::vector<size_t>{0}));
  // Who asks for so many exact distances gets them.
  EXPECT_EQ(sure({.k = 10, .list_size = 160, .rerank = 10}, {0}, {&beam}), (std::vector<size_t>{0}));
}

TEST(SureDepths, AreAllWhereThereAreNoMoreThanK) {
  const CandidateList beam = steps(10), empty = steps(0);
  EXPECT_EQ(sure({.k = 10, .list_size = 160}, {100, 100}, {&beam, &empty}), (std::vector<size_t>{10, 0}));
}

TEST(SureDepths, CountTheNearestOfAllSegmentsTogether) {
  const CandidateList near = steps(6);
  CandidateList far;
  far.reset(40);
  for (uint32_t i = 0; i < 40; ++i) far.insert(103.5f + static_cast<float>(i), i);
  // Of both, 100 to 105 and 103.5, 104.5, ..., the eleventh is at 107.5: less 2 deviations of 2, 103.5.
  EXPECT_EQ(sure({.k = 10, .list_size = 160}, {2, 2}, {&near, &far}), (std::vector<size_t>{4, 0}));
  // Each segment's codes have an error of their own.
  EXPECT_EQ(sure({.k = 10, .list_size = 160}, {0, 2}, {&near, &far}), (std::vector<size_t>{6, 0}));
}

// Candidates at `first`, first + step, ...
CandidateList spaced(size_t size, float first, float step) {
  CandidateList beam;
  beam.reset(size);
  for (size_t i = 0; i < size; ++i) beam.insert(first + step * static_cast<float>(i), static_cast<uint32_t>(i));
  return beam;
}

std::vector<size_t> depths(SearchParams params, std::vector<float> spreads, const std::vector<CandidateList>& beams) {
  std::vector<const CandidateList*> pointers;
  for (const CandidateList& beam : beams) pointers.push_back(&beam);
  std::vector<size_t> out(beams.size(), 77);
  rerank_depths(params, Metric::kL1, spreads, pointers, out);
  return out;
}

TEST(RerankDepths, OneSegmentIsAsItIsAlone) {
  const CandidateList beam = steps(160);
  for (const SearchParams params : {SearchParams{.k = 10, .list_size = 160}, SearchParams{.k = 10, .rerank = 40}}) {
    EXPECT_EQ(depths(params, {3}, {beam}), std::vector<size_t>{depth(params, 3, beam)});
  }
}

TEST(RerankDepths, ShareTheKNearestOfAll) {
  // The ten nearest are at 100, 100.5, 101 ...: five of each; the third segment is far away.
  const std::vector<CandidateList> beams = {steps(160), spaced(160, 100.5f, 1), spaced(160, 500, 1)};
  EXPECT_EQ(depths({.k = 10, .list_size = 160}, {0, 0, 0}, beams), (std::vector<size_t>{5, 5, 0}));
  // 2 deviations past 104.5, of the error that each has: up to 106.5, 110.5 and 904.5.
  EXPECT_EQ(depths({.k = 10, .list_size = 160}, {1, 3, 400}, beams), (std::vector<size_t>{7, 11, 160}));
  EXPECT_EQ(depths({.k = 10, .rerank = 25}, {1, 3, 400}, beams), (std::vector<size_t>{13, 12, 0}));
}

TEST(RerankDepths, TakeAllWhereThereAreTooFew) {
  const std::vector<CandidateList> beams = {spaced(3, 1, 1), spaced(0, 1, 1), spaced(4, 900, 1)};
  EXPECT_EQ(depths({.k = 10, .list_size = 160}, {0, 0, 0}, beams), (std::vector<size_t>{3, 0, 4}));
}

}  // namespace
}  // namespace vamana
