// VisitedSet against std::set, growth included.
#include "graph/visited_set.h"

#include <gtest/gtest.h>

#include <set>

#include "base/prng.h"

namespace vamana {
namespace {

void run_random(VisitedSet& visited, size_t expected, size_t inserts, uint64_t bound, uint64_t seed) {
  Prng prng(seed);
  std::set<uint32_t> naive;
  visited.reset(expected);
  EXPECT_EQ(visited.size(), 0u);
  for (size_t i = 0; i < inserts; ++i) {
    const auto node = static_cast<uint32_t>(prng.below(bound));
    ASSERT_EQ(visited.insert(node), naive.insert(node).second) << "seed " << seed << ", insert " << i;
  }
  EXPECT_EQ(visited.size(), naive.size());
}

TEST(VisitedSet, AgreesWithStdSet) {
  VisitedSet visited;
  uint64_t seed = 1;
  for (const size_t expected : {1, 100, 600, 5000}) {
    for (const uint64_t bound : {10ull, 3000ull, 0xFFFFFFFFull}) run_random(visited, expected, 5000, bound, seed++);
  }
}

TEST(VisitedSet, GrowsFarPastWhatWasExpected) {
  VisitedSet visited;
  run_random(visited, 1, 50'000, 0xFFFFFFFFull, 99);
  run_random(visited, 1, 50'000, 40'000, 100);
}

// Runs of neighbouring ids, as a locality order gives, and ids that share their low or high bits.
TEST(VisitedSet, HoldsRunsAndStrides) {
  VisitedSet visited;
  for (const uint32_t stride : {1u, 2u, 1024u, 1u << 16}) {
    visited.reset(100);
    for (uint32_t i = 0; i < 20'000; ++i) ASSERT_TRUE(visited.insert(i * stride)) << stride << " x " << i;
    for (uint32_t i = 0; i < 20'000; ++i) ASSERT_FALSE(visited.insert(i * stride)) << stride << " x " << i;
    EXPECT_EQ(visited.size(), 20'000u);
  }
}

TEST(VisitedSet, HoldsTheLowestAndHighestNodes) {
  VisitedSet visited;
  visited.reset(4);
  for (const uint32_t node : {0u, 1u, 0xFFFFFFFEu, 0x7FFFFFFFu, 0x80000000u}) {
    EXPECT_TRUE(visited.insert(node));
    EXPECT_FALSE(visited.insert(node));
  }
  visited.reset(4);
  EXPECT_TRUE(visited.insert(0));
}

// Emptying costs as much as the table is large, so one wide search must not slow down all that follow it.
TEST(VisitedSet, IsSmallAgainAfterOneWideSearch) {
  VisitedSet visited;
  visited.reset(1000);
  const size_t usual = visited.slots();
  visited.reset(1'000'000);
  EXPECT_GE(visited.slots(), 2'000'000u);
  visited.reset(1000);
  EXPECT_LE(visited.slots(), 4 * usual);
  for (uint32_t i = 0; i < 3000; ++i) ASSERT_TRUE(visited.insert(i * 7));
  for (uint32_t i = 0; i < 3000; ++i) ASSERT_FALSE(visited.insert(i * 7));
}

}  // namespace
}  // namespace vamana
