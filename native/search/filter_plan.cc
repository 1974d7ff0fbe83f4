#include "search/filter_plan.h"

#include <algorithm>
#include <cmath>

#include "search/filtered_walk.h"

namespace vamana {

namespace {

// Beams of filtered searches are wider than those of others: the answer lies in a part of the graph that was not
// built for it, and a filter that returns too little is noticed where a lower recall is not. By strategy.
constexpr double kWidths[kFilterStrategies] = {2, 4, 4};
// That of a walk where so many match that their own lists hang together.
constexpr double kManyMatch = 0.4, kWalkWidthMany = 3;
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
  double front = 0;
  if (direct < kEnoughDirect) {
    const LookThrough look = look_through_of(selectivity);
    const double passed = std::min<double>(look.most, others);
    const double met = passed * direct * kNew + (others > passed ? others : 0);
    front = (passed * costs.list + met * costs.walk_code) / static_cast<double>(look.part);
  }
  const double each = costs.hop + direct * costs.walk_code + front;
  const double around = std::min(static_cast<double>(shape.matches), kRounds * kStretchesAtOnce * kStretch);
  return (list_size * each + around * costs.scan_code) / 1000;
}

double post_us(const FilterShape& shape, const FilterCosts& costs, double list_size, double selectivity) {
  return list_size / selectivity * (costs.hop + shape.degree * kNew * costs.walk_code) / 1000;
}

}  // namespace

FilterPlan plan_filter(const FilterShape& shape, const FilterCosts& costs, FilterStrategy strategy) {
  FilterPlan plan;
  const double matches = static_cast<double>(std::max<uint64_t>(shape.matches, 1));
  const double selectivity = std::min(1.0, matches / static_cast<double>(std::max<uint64_t>(shape.rows, 1)));
  for (size_t i = 0; i < kFilterStrategies; ++i) {
    const bool is_narrow = i == factor_of(FilterStrategy::kWalk) && selectivity >= kManyMatch;
    const double width = is_narrow ? kWalkWidthMany : kWidths[i];
    plan.list_sizes[i] = static_cast<uint32_t>(std::ceil(std::max(shape.list_size, shape.k) * width));
    plan.works_max[i] = static_cast<uint64_t>(matches * kWorkTimes) + 4 * plan.list_sizes[i] * uint64_t{shape.degree};
  }
  const double codes = codes_us(shape, costs) * costs.factor[factor_of(FilterStrategy::kCodes)];
  const double walk = walk_us(shape, costs, plan.list_size_of(FilterStrategy::kWalk), selectivity) *
                      costs.factor[factor_of(FilterStrategy::kWalk)];
  const double post = post_us(shape, costs, plan.list_size_of(FilterStrategy::kPost), selectivity) *
                      costs.factor[factor_of(FilterStrategy::kPost)];
  const bool walk_is_worth_it = walk * kWalkHandicap < codes;
  if (strategy == FilterStrategy::kAuto) {
    strategy = walk_is_worth_it ? FilterStrategy::kWalk : FilterStrategy::kCodes;
    if (post < (walk_is_worth_it ? walk : codes)) strategy = FilterStrategy::kPost;
  }
  plan.strategy = strategy;
  plan.pass_each = kPassTimes * (1 - selectivity) / selectivity;
  plan.then_walk = walk_is_worth_it;
  const double expected[kFilterStrategies] = {codes, walk, post};
  plan.expected_us = expected[factor_of(strategy)];
  return plan;
}

}  // namespace vamana
