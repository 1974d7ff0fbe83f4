#include "search/filter_plan.h"

#include <gtest/gtest.h>

#include "search/strategy_times.h"

namespace vamana {
namespace {

constexpr FilterCosts kCosts;

FilterPlan cheapest(uint64_t rows, uint64_t matches, uint32_t list_size = 64) {
  return plan_filter({rows, matches, std::min(matches, rows - matches + 1), 10, list_size, 24}, kCosts,
                     FilterStrategy::kAuto);
}

TEST(FilterPlan, TakesTheStrategyOfTheSelectivity) {
  struct Case {
    uint64_t rows, matches;
    FilterStrategy expected;
  };
  constexpr uint64_t kMillion = 1000000;
  const Case cases[] = {
      {kMillion, 1, FilterStrategy::kCodes},
      {kMillion, 100, FilterStrategy::kCodes},
      {kMillion, 10000, FilterStrategy::kCodes},
      {kMillion, 100000, FilterStrategy::kWalk},
      {kMillion, 500000, FilterStrategy::kPost},
      {kMillion, 700000, FilterStrategy::kPost},
      {kMillion, 900000, FilterStrategy::kPost},
      {kMillion, kMillion, FilterStrategy::kPost},
      {100000, 10000, FilterStrategy::kCodes},
      {1000 * kMillion, 10000, FilterStrategy::kCodes},
      {1000 * kMillion, 100 * kMillion, FilterStrategy::kWalk},
      {500, 500, FilterStrategy::kCodes},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(cheapest(one.rows, one.matches).strategy, one.expected) << one.matches << " of " << one.rows;
  }
}

TEST(FilterPlan, OfOneStrategyIsThatStrategy) {
  for (const FilterStrategy strategy : {FilterStrategy::kCodes, FilterStrategy::kWalk, FilterStrategy::kPost}) {
    for (const uint64_t matches : {0ull, 1ull, 1000ull, 100000ull}) {
      const FilterPlan plan = plan_filter({100000, matches, matches, 10, 64, 24}, kCosts, strategy);
      EXPECT_EQ(plan.strategy, strategy);
      EXPECT_GT(plan.expected_us, 0);
      EXPECT_GE(plan.list_size(), 64u);
      EXPECT_GT(plan.work_max_of(strategy), matches);
    }
  }
}

// A walk finds less than a scan, so it is only taken where it is much faster.
TEST(FilterPlan, AutoIsNotMuchDearerThanAnother) {
  for (uint64_t rows = 100; rows <= 100000000; rows *= 10) {
    for (uint64_t matches = 1; matches <= rows; matches *= 3) {
      const double least = cheapest(rows, matches).expected_us;
      for (const FilterStrategy strategy : {FilterStrategy::kCodes, FilterStrategy::kWalk, FilterStrategy::kPost}) {
        const bool is_walk = strategy == FilterStrategy::kWalk;
        const uint64_t runs = std::min(matches, rows - matches + 1);
        const double expected = plan_filter({rows, matches, runs, 10, 64, 24}, kCosts, strategy).expected_us;
        EXPECT_LE(least, (is_walk ? 2 : 1) * expected) << matches << " of " << rows;
      }
    }
  }
}

TEST(FilterPlan, AWiderListOrMoreNeighboursWantedMakeItWider) {
  EXPECT_GT(cheapest(1000000, 500000, 200).list_size(), cheapest(1000000, 500000).list_size());
  EXPECT_GE(plan_filter({1000, 1000, 1, 300, 64, 24}, kCosts, FilterStrategy::kPost).list_size(), 300u);
}

TEST(FilterPlan, AWalkIsNarrowerWhereManyMatch) {
  const auto list_size = [](uint64_t matches) {
    return plan_filter({1000000, matches, matches, 10, 64, 24}, kCosts, FilterStrategy::kWalk).list_size();
  };
  EXPECT_EQ(list_size(1000), list_size(390000));
  EXPECT_LT(list_size(410000), list_size(390000));
  EXPECT_GT(list_size(1000000), 64u);
}

TEST(FilterPlan, FollowsTheFactorsOfWhatSearchesTook) {
  StrategyTimes times;
  const FilterShape shape{1000000, 450000, 250000, 10, 64, 24};
  ASSERT_EQ(plan_filter(shape, times.costs(), FilterStrategy::kAuto).strategy, FilterStrategy::kPost);
  for (int i = 0; i < 200; ++i) {
    const FilterPlan plan = plan_filter(shape, times.costs(), FilterStrategy::kPost);
    times.learn(FilterStrategy::kPost, plan.expected_us, 2000);
  }
  EXPECT_NEAR(plan_filter(shape, times.costs(), FilterStrategy::kPost).expected_us, 2000, 200);
  EXPECT_EQ(plan_filter(shape, times.costs(), FilterStrategy::kAuto).strategy, FilterStrategy::kWalk);
  // One that was interrupted for long hardly counts.
  const double before = times.costs().factor[factor_of(FilterStrategy::kWalk)];
  times.learn(FilterStrategy::kWalk, 300, 100000);
  EXPECT_LT(times.costs().factor[factor_of(FilterStrategy::kWalk)], before * 1.1);
}

}  // namespace
}  // namespace vamana
