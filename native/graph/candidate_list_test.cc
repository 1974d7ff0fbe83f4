// CandidateList against a vector that is sorted after every insert.
#include "graph/candidate_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/prng.h"
#include "base/status.h"

namespace vamana {
namespace {

class NaiveList {
 public:
  explicit NaiveList(size_t limit) : limit_(limit) {}

  void insert(float distance, uint32_t node) {
    entries_.push_back({distance, node, false});
    std::sort(entries_.begin(), entries_.end(), [](const Candidate& a, const Candidate& b) { return a.before(b); });
    if (entries_.size() > limit_) entries_.pop_back();
  }

  bool pop_nearest(Candidate* out) {
    for (Candidate& entry : entries_) {
      if (entry.expanded) continue;
      entry.expanded = true;
      *out = entry;
      return true;
    }
    return false;
  }

  const std::vector<Candidate>& entries() const { return entries_; }

 private:
  size_t limit_;
  std::vector<Candidate> entries_;
};

void expect_equal(const CandidateList& list, const NaiveList& naive) {
  ASSERT_EQ(list.size(), naive.entries().size());
  for (size_t i = 0; i < list.size(); ++i) {
    const Candidate& expected = naive.entries()[i];
    ASSERT_EQ(list[i].distance, expected.distance) << "place " << i;
    ASSERT_EQ(list[i].node, expected.node) << "place " << i;
    ASSERT_EQ(list[i].expanded, expected.expanded) << "place " << i;
  }
}

void expect_same_next(const CandidateList& list, const NaiveList& naive) {
  const auto next = std::find_if(naive.entries().begin(), naive.entries().end(),
                                 [](const Candidate& entry) { return !entry.expanded; });
  uint32_t node = 0;
  ASSERT_EQ(list.peek_nearest(&node), next != naive.entries().end());
  if (next != naive.entries().end()) {
    ASSERT_EQ(node, next->node);
  }
}

// `values` distances exist, so that few make many ties.
void run_random(CandidateList& list, size_t limit, uint64_t values, uint64_t seed) {
  SCOPED_TRACE(format("limit %zu, %llu distances, seed %llu", limit, static_cast<unsigned long long>(values),
                      static_cast<unsigned long long>(seed)));
  Prng prng(seed);
  NaiveList naive(limit);
  list.reset(limit);
  std::vector<uint32_t> nodes(400);
  std::iota(nodes.begin(), nodes.end(), 0u);
  for (size_t i = nodes.size(); i > 1; --i) std::swap(nodes[i - 1], nodes[prng.below(i)]);
  for (const uint32_t node : nodes) {
    const auto distance = static_cast<float>(prng.below(values)) - 2.0f;
    const bool expected = naive.entries().size() < limit || distance < naive.entries().back().distance;
    ASSERT_EQ(list.would_enter(distance), expected);
    list.insert(distance, node);
    naive.insert(distance, node);
    for (uint64_t pops = prng.below(3); pops > 0; --pops) {
      Candidate got{}, want{};
      const bool has = naive.pop_nearest(&want);
      ASSERT_EQ(list.pop_nearest(&got), has);
      if (has) {
        ASSERT_EQ(got.node, want.node);
        ASSERT_EQ(got.distance, want.distance);
      }
    }
    expect_equal(list, naive);
    expect_same_next(list, naive);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(CandidateList, AgreesWithASortedVector) {
  CandidateList list;  // one for all: reset() must leave nothing of the search before
  for (const size_t limit : {64, 1, 2, 3, 10, 100, 1000}) {
    for (const uint64_t values : {1, 2, 7, 1'000'000}) {
      run_random(list, limit, values, limit * 31 + values);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(CandidateList, OneLimitKeepsTheNearest) {
  CandidateList list;
  list.reset(1);
  list.insert(5, 50);
  list.insert(7, 70);
  EXPECT_EQ(list[0].node, 50u);
  Candidate out{};
  ASSERT_TRUE(list.pop_nearest(&out));
  EXPECT_FALSE(list.pop_nearest(&out));
  list.insert(3, 30);
  ASSERT_EQ(list.size(), 1u);
  ASSERT_TRUE(list.pop_nearest(&out));
  EXPECT_EQ(out.node, 30u);
}

TEST(CandidateList, EqualDistancesStandByNode) {
  CandidateList list;
  list.reset(3);
  for (const uint32_t node : {9u, 4u, 7u, 1u}) list.insert(2.0f, node);
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].node, 1u);
  EXPECT_EQ(list[1].node, 4u);
  EXPECT_EQ(list[2].node, 7u);
}

TEST(CandidateList, EmptyListHasNothingToGive) {
  CandidateList list;
  list.reset(4);
  Candidate out{};
  uint32_t node = 0;
  EXPECT_EQ(list.size(), 0u);
  EXPECT_FALSE(list.pop_nearest(&out));
  EXPECT_FALSE(list.peek_nearest(&node));
  EXPECT_TRUE(list.would_enter(1e30f));
}

}  // namespace
}  // namespace vamana
