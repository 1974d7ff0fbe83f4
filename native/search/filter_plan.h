// How the matching rows of one segment are looked for, and what that will cost: three strategies, each the cheapest
// over some range of selectivities. Pure; the costs are given.
//
//   codes  score the codes of just the matching rows: its cost grows with their number, its result is the best there is
//   walk   the greedy walk over matching nodes only, two hops where neighbours do not match, as ACORN-1 does
//          (Patel et al., SIGMOD 2024): its cost hardly depends on the selectivity while the subgraph hangs together
//   post   the ordinary walk, which keeps what matches: it passes 1 / selectivity nodes for each that it keeps, and
//          many more where what is near to the query does not match; then it gives up and another takes over
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace vamana {

enum class FilterStrategy : uint8_t { kAuto, kCodes, kWalk, kPost };
constexpr size_t kFilterStrategies = 3;
// The place of a strategy's factor; not of kAuto.
constexpr size_t factor_of(FilterStrategy strategy) { return static_cast<size_t>(strategy) - 1; }
// What QueryCost.strategies has of it.
constexpr uint8_t strategy_bit(FilterStrategy strategy) { return static_cast<uint8_t>(1u << factor_of(strategy)); }

// Nanoseconds on one thread; the defaults are of a million 128-d rows with codes of 68 bytes, and `factor` is what
// searches of each strategy really took of what was foreseen, by which they are corrected while the engine runs.
struct FilterCosts {
  double scan_code = 6;                                      // score the code of a matching node
  double scan_run = 6;                                       // fetch codes from another place than the last
  double walk_code = 22;                                     // score a code that a walk met
  double hop = 350;                                          // expand a node
  double list = 150;                                         // decode the list of a node that is passed through
  std::array<double, kFilterStrategies> factor = {1, 1, 1};  // by strategy, codes first
};

struct FilterShape {
  uint64_t rows = 0;
  uint64_t matches = 0;
  uint64_t runs = 0;  // of matching nodes with nothing between
  uint32_t k = 10;
  uint32_t list_size = 64;  // as asked for
  uint32_t degree = 24;
};

struct FilterPlan {
  FilterStrategy strategy = FilterStrategy::kCodes;
  // By strategy, and of the others too, for a walk may turn out wrong.
  std::array<uint32_t, kFilterStrategies> list_sizes = {};
  // A walk that scored and decoded more than this is wrong.
  std::array<uint64_t, kFilterStrategies> works_max = {};
  double pass_each = 0;    // nodes that `post` may pass for each that it keeps
  bool then_walk = false;  // what `post` turns to when it passed too many; else it turns to codes
  double expected_us = 0;

  uint32_t list_size() const { return list_size_of(strategy); }
  uint32_t list_size_of(FilterStrategy which) const { return list_sizes[factor_of(which)]; }
  uint64_t work_max_of(FilterStrategy which) const { return works_max[factor_of(which)]; }
};

// The plan of one strategy; kAuto: of the cheapest.
FilterPlan plan_filter(const FilterShape& shape, const FilterCosts& costs, FilterStrategy strategy);

}  // namespace vamana
