// What searches with filters took against what was foreseen, by strategy: the plans of later ones are corrected by it,
// so that they fit this machine and these rows. One an engine; moves slowly, and is forgotten with the engine.
//
// Thread safety: any thread; a lost update does no harm.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>

#include "search/filter_plan.h"

namespace vamana {

class StrategyTimes {
 public:
  FilterCosts costs() const {
    FilterCosts costs;
    for (size_t i = 0; i < kFilterStrategies; ++i) costs.factor[i] = factors_[i].load(std::memory_order_relaxed);
    return costs;
  }

  // `expected_us` as a plan made with costs() had it.
  void learn(FilterStrategy strategy, double expected_us, double taken_us) {
    if (!(expected_us >= kLeastUs)) return;
    std::atomic<double>& factor = factors_[factor_of(strategy)];
    const double ratio = std::clamp(taken_us / expected_us, 0.25, 4.0);
    factor.store(std::clamp(factor.load(std::memory_order_relaxed) * std::pow(ratio, kRate), 0.1, 10.0),
                 std::memory_order_relaxed);
    for (std::atomic<double>& other : factors_) {
      if (&other == &factor) continue;
      other.store(std::pow(other.load(std::memory_order_relaxed), 1 - kForget), std::memory_order_relaxed);
    }
  }

 private:
  // Shorter ones are mostly the clock and what stands around the work.
  static constexpr double kLeastUs = 20;
  // Twenty searches move it most of the way; one that was interrupted hardly moves it.
  static constexpr double kRate = 0.05;
  // What is not planned any more because it was slow once is thought of as foreseen again after some hundred searches.
  static constexpr double kForget = 0.003;

  std::array<std::atomic<double>, kFilterStrategies> factors_ = {1.0, 1.0, 1.0};
};

}  // namespace vamana
