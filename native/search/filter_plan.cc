#include "search/filter_plan.h"

#include <algorithm>
#include <cmath>

#include "search/filtered_walk.h"

namespace vamana {

namespace {

// Beams of filtered searches are wider than those of others: the answer lies in a part of the graph that was not
// built for it, and a filter that returns too little is noticed where a lower recall is not.
constexpr double kScanWidth = 2;
constexpr double kWalkWidth = 3.5;
constexpr double kPostWidth = 3;
// A walk must be so many times as fast as the scan of codes to be worth what it does not find.
constexpr double kWalkHandicap = 1.6;
// Of the neighbours that a walk meets so many are new to it.
constexpr double kNew = 0.6;
// A walk may do so many times the work of a scan of codes before it counts as wrong.
constexpr double kWorkTimes = 2;

double walk_us(const FilterShape& shape, const FilterCosts& costs, double list_size, double selectivity) {
  const double direct = shape.degree * selectivity * kNew;
  double passed = 0, met = direct;
  if (direct < kEnoughDirect) {
    const double each = std::max(direct, 1e-9);
    passed = std::min(shape.degree * (1 - selectivity), (kFreshMost - direct) / each);
    met = std::min<double>(kFreshMost, direct + passed * each * kNew);
  }
  return list_size * (costs.hop + passed * costs.list + met * costs.walk_code) / 1000;
}

double post_us(const FilterShape& shape, const FilterCosts& costs, double list_size, double selectivity) {
  return list_size / selectivity * (costs.hop + shape.degree * kNew * costs.walk_code) / 1000;
}

}  // namespace

FilterPlan plan_filter(const FilterShape& shape, const FilterCosts& costs, FilterStrategy strategy) {
  if (strategy == FilterStrategy::kAuto) {
    FilterPlan best = plan_filter(shape, costs, FilterStrategy::kCodes);
    // Where most nodes match, a walk that keeps to them takes about as long as one that does not, and finds less.
    const bool most_match = 2 * shape.matches >= shape.rows;
    for (const FilterStrategy other : {FilterStrategy::kWalk, FilterStrategy::kPost}) {
      if (other == FilterStrategy::kWalk && most_match) continue;
      const FilterPlan plan = plan_filter(shape, costs, other);
      const double handicap =
          other == FilterStrategy::kWalk && best.strategy == FilterStrategy::kCodes ? kWalkHandicap : 1;
      if (plan.expected_us * handicap < best.expected_us) best = plan;
    }
    return best;
  }
  FilterPlan plan;
  plan.strategy = strategy;
  const double base = std::max(shape.list_size, shape.k);
  const double matches = static_cast<double>(std::max<uint64_t>(shape.matches, 1));
  const double selectivity = std::min(1.0, matches / static_cast<double>(std::max<uint64_t>(shape.rows, 1)));
  const double widths[] = {kScanWidth, kWalkWidth, kPostWidth};
  plan.list_size = static_cast<uint32_t>(std::ceil(base * widths[factor_of(strategy)]));
  const double list_size = plan.list_size;
  plan.expected_us = strategy == FilterStrategy::kCodes  ? matches * costs.scan_code / 1000
                     : strategy == FilterStrategy::kWalk ? walk_us(shape, costs, list_size, selectivity)
                                                         : post_us(shape, costs, list_size, selectivity);
  plan.expected_us *= costs.factor[factor_of(strategy)];
  plan.work_max = static_cast<uint64_t>(matches * kWorkTimes) + 4 * plan.list_size * uint64_t{shape.degree};
  return plan;
}

}  // namespace vamana
