// PassingList against a plain list of everything offered, sorted anew at every question.
#include "graph/passing_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/prng.h"
#include "base/status.h"

namespace vamana {
namespace {

struct NaiveBeam {
  struct Entry {
    Candidate candidate;
    bool counts;
  };

  explicit NaiveBeam(size_t limit) : limit_(limit) {}

  void insert(float distance, uint32_t node, bool counts) {
    entries_.push_back({{distance, node, false}, counts});
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.candidate.before(b.candidate); });
    cut();
  }

  bool would_enter(float distance) const {
    size_t counted = 0;
    for (const Entry& entry : entries_) {
      if (entry.counts && ++counted == limit_) return distance < entry.candidate.distance;
    }
    return true;
  }

  bool pop_nearest(Candidate* out) {
    for (Entry& entry : entries_) {
      if (entry.candidate.expanded || (!entry.counts && !would_enter(entry.candidate.distance))) continue;
      entry.candidate.expanded = true;
      *out = entry.candidate;
      return true;
    }
    return false;
  }

  std::vector<Candidate> counted() const {
    std::vector<Candidate> found;
    for (const Entry& entry : entries_) {
      if (entry.counts) found.push_back(entry.candidate);
    }
    return found;
  }

 private:
  // Counted nodes past the limit are gone, those not counted only out of reach.
  void cut() {
    size_t counted = 0;
    std::erase_if(entries_, [&](const Entry& entry) { return entry.counts && ++counted > limit_; });
  }

  size_t limit_;
  std::vector<Entry> entries_;
};

// `dead` of 10 nodes do not count; `values` distances exist, so that few make many ties.
void run_random(PassingList& beam, size_t limit, uint64_t dead, uint64_t values, uint64_t seed) {
  SCOPED_TRACE(format("limit %zu, %llu of 10 dead, %llu distances, seed %llu", limit,
                      static_cast<unsigned long long>(dead), static_cast<unsigned long long>(values),
                      static_cast<unsigned long long>(seed)));
  Prng prng(seed);
  NaiveBeam naive(limit);
  beam.reset(limit, 1000);
  std::vector<uint32_t> nodes(300);
  std::iota(nodes.begin(), nodes.end(), 0u);
  for (size_t i = nodes.size(); i > 1; --i) std::swap(nodes[i - 1], nodes[prng.below(i)]);
  for (const uint32_t node : nodes) {
    const auto distance = static_cast<float>(prng.below(values)) - 2.0f;
    const bool counts = prng.below(10) >= dead;
    ASSERT_EQ(beam.would_enter(distance), naive.would_enter(distance));
    if (beam.would_enter(distance)) {
      beam.insert(distance, node, counts);
      naive.insert(distance, node, counts);
    }
    for (uint64_t pops = prng.below(3); pops > 0; --pops) {
      Candidate got{}, want{};
      const bool has = naive.pop_nearest(&want);
      ASSERT_EQ(beam.pop_nearest(&got), has);
      if (!has) continue;
      ASSERT_EQ(got.node, want.node);
      ASSERT_EQ(got.distance, want.distance);
    }
    const std::vector<Candidate> expected = naive.counted();
    ASSERT_EQ(beam.counted().size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(beam.counted()[i].node, expected[i].node) << "place " << i;
  }
  EXPECT_FALSE(beam.gave_up());
}

TEST(PassingList, AgreesWithASortedList) {
  PassingList beam;  // one for all: reset() must leave nothing of the search before
  for (const size_t limit : {64, 1, 3, 20, 1000}) {
    for (const uint64_t dead : {0, 3, 9, 10}) {
      for (const uint64_t values : {1, 7, 1'000'000}) {
        run_random(beam, limit, dead, values, limit * 31 + dead * 7 + values);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(PassingList, NodesThatDoNotCountUseUpNoPlace) {
  PassingList beam;
  beam.reset(2, 100);
  for (uint32_t node = 0; node < 50; ++node) beam.insert(1.0f, node, false);
  beam.insert(5.0f, 50, true);
  beam.insert(6.0f, 51, true);
  beam.insert(7.0f, 52, true);
  ASSERT_EQ(beam.counted().size(), 2u);
  EXPECT_EQ(beam.counted()[0].node, 50u);
  EXPECT_EQ(beam.counted()[1].node, 51u);
  Candidate out{};
  for (uint32_t i = 0; i < 52; ++i) {
    ASSERT_TRUE(beam.pop_nearest(&out));
    EXPECT_EQ(out.node, i);
  }
  EXPECT_FALSE(beam.pop_nearest(&out));
  EXPECT_FALSE(beam.gave_up());
}

TEST(PassingList, GivesUpWhenAsManyAsAllowedWerePassed) {
  PassingList beam;
  beam.reset(2, 3);
  for (uint32_t node = 0; node < 10; ++node) beam.insert(static_cast<float>(node), node, false);
  beam.insert(50.0f, 50, true);
  std::vector<uint32_t> popped;
  Candidate out{};
  while (beam.pop_nearest(&out)) popped.push_back(out.node);
  EXPECT_EQ(popped, (std::vector<uint32_t>{0, 1, 2, 50}));
  EXPECT_TRUE(beam.gave_up());
  beam.insert(1.0f, 60, false);
  EXPECT_FALSE(beam.pop_nearest(&out)) << "given up for good";
  beam.reset(2, 3);
  EXPECT_FALSE(beam.gave_up());
}

// What lies beyond the last of a full list could not change it: leaving it is not giving up.
TEST(PassingList, LeavesNodesBeyondTheLastWithoutGivingUp) {
  PassingList beam;
  beam.reset(1, 0);
  beam.insert(9.0f, 9, false);
  beam.insert(5.0f, 5, true);
  Candidate out{};
  uint32_t next = 0;
  ASSERT_TRUE(beam.peek_nearest(&next));
  EXPECT_EQ(next, 5u);
  ASSERT_TRUE(beam.pop_nearest(&out));
  EXPECT_EQ(out.node, 5u);
  EXPECT_FALSE(beam.pop_nearest(&out));
  EXPECT_FALSE(beam.gave_up());
}

TEST(PassingList, GivesUpWhenMoreWerePassedThanTheirShare) {
  PassingList beam;
  beam.reset(4, 1000, 2);
  const auto first = static_cast<uint32_t>(PassingList::kPassFirst) + 2;
  for (uint32_t node = 0; node < 200; ++node) beam.insert(static_cast<float>(node), node, false);
  // Counted ones on the way: each lets two more pass.
  beam.insert(10.5f, 1000, true);
  beam.insert(20.5f, 1001, true);
  beam.insert(500.0f, 1002, true);
  uint32_t passed = 0, counted = 0;
  Candidate out{};
  while (beam.pop_nearest(&out)) ++(out.node < 200 ? passed : counted);
  EXPECT_EQ(passed, first + 4);
  EXPECT_EQ(counted, 2u) << "the third is expanded though the caller looks elsewhere";
  EXPECT_TRUE(beam.gave_up());
  EXPECT_EQ(beam.counted().size(), 3u);
}

}  // namespace
}  // namespace vamana
