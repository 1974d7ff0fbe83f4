#include "search/filter_plan.h"

#include <algorithm>
#include <cmath>

#include "search/filtered_walk.h"

namespace vamana {

namespace {

// Beams of filtered searches are wider than those of others: the answer lies in a part of the graph that was not
// built for it, and a filter that returns too little is noticed where a lower recall is not. By strategy.
constexpr double kWidths[kFilterStrategies] = {2, 3, 4};
// A walk must be so many times as fast as the scan of codes to be worth what it does not find.
constexpr double kWalkHandicap = 1.3;
// Of the neighbours that a walk meets so many are new to it.
constexpr double kNew = 0.6;
// And so many times it scores what stands around the nearest.
constexpr double kRounds = 1.5;
// A walk may do so many times the work of a scan of codes before it counts as wrong.
constexpr double kWorkTimes = 2;
// And `post` pass so many times the nodes that lie between two matching ones.
constexpr double kPassTimes = 2.5;

double codes_us(const FilterShape& shape, const FilterCosts& costs) {
  const double matches = static_cast<double>(std::max<uint64_t>(shape.matches, 1));
  return (matches * costs.scan_code + static_cast<double>(shape.runs) * costs.scan_run) / 1000;
}

double walk_us(const FilterShape& shape, const FilterCosts& costs, double list_size, double selectivity) {
  const double direct = shape.degree * selectivity * kNew;
  const double others = shape.degree * (1 - selectivity);
  double passed = 0, met = direct;
  if (direct < kEnoughDirect) {
    const double most = look_through_most(selectivity);
    passed = std::min(most, others);
    met += passed * direct * kNew + (others > most ? others : 0);
  }
  const double matches = static_cast<double>(shape.matches);
  const double around =
      selectivity > kStretchesMatch ? 0 : std::min(matches, kRounds * kStretchesAtOnce * kStretch) * costs.scan_code;
  return (list_size * (costs.hop + passed * costs.list + met * costs.walk_code) + around) / 1000;
}

double post_us(const FilterShape& shape, const FilterCosts& costs, double list_size, double selectivity) {
  return list_size / selectivity * (costs.hop + shape.degree * kNew * costs.walk_code) / 1000;
}

}  // namespace

FilterPlan plan_filter(const FilterShape& shape, const FilterCosts& costs, FilterStrategy strategy) {
  FilterPlan plan;
  const double matches = static_cast<double>(std::max<uint64_t>(shape.matches, 1));
  for (size_t i = 0; i < kFilterStrategies; ++i) {
    plan.list_sizes[i] = static_cast<uint32_t>(std::ceil(std::max(shape.list_size, shape.k) * kWidths[i]));
    plan.works_max[i] = static_cast<uint64_t>(matches * kWorkTimes) + 4 * plan.list_sizes[i] * uint64_t{shape.degree};
  }
  const double selectivity = std::min(1.0, matches / static_cast<double>(std::max<uint64_t>(shape.rows, 1)));
  const double codes = codes_us(shape, costs) * costs.factor[factor_of(FilterStrategy::kCodes)];
  const double walk = walk_us(shape, costs, plan.list_size_of(FilterStrategy::kWalk), selectivity) *
                      costs.factor[factor_of(FilterStrategy::kWalk)];
  const double post = post_us(shape, costs, plan.list_size_of(FilterStrategy::kPost), selectivity) *
                      costs.factor[factor_of(FilterStrategy::kPost)];
  const bool walk_is_worth_it = walk * kWalkHandicap < codes;
  if (strategy == FilterStrategy::kAuto) {
    // Where most nodes match, a walk that keeps to them takes about as long as one that does not, and finds less.
    const bool most_match = 2 * shape.matches >= shape.rows;
    const bool walks = walk_is_worth_it && !most_match;
    strategy = walks ? FilterStrategy::kWalk : FilterStrategy::kCodes;
    if (post < (walks ? walk : codes)) strategy = FilterStrategy::kPost;
  }
  plan.strategy = strategy;
  plan.pass_each = kPassTimes * (1 - selectivity) / selectivity;
  plan.then_walk = walk_is_worth_it;
  const double expected[kFilterStrategies] = {codes, walk, post};
  plan.expected_us = expected[factor_of(strategy)];
  return plan;
}

}  // namespace vamana
