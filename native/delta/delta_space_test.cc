// The distance a delta's graph is built on; of the inner product, that lifting keeps its promise while rows come.
#include "delta/delta_space.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "testing/filled_delta.h"
#include "testing/naive_search.h"
#include "testing/synthetic.h"

namespace vamana {
namespace {

void fill(DeltaMemory& memory, const testing::VectorSet& set) {
  ASSERT_TRUE(memory.reserve(set.rows).ok());
  for (uint32_t slot = 0; slot < set.rows; ++slot) std::memcpy(memory.vector(slot), set.row(slot), set.row_bytes());
}

TEST(DeltaSpace, IsTheMetricsOwnWhereNothingIsLiftedOrNormalised) {
  const std::pair<Metric, Element> spaces[] = {
      {Metric::kL2, Element::kF32}, {Metric::kL1, Element::kF16}, {Metric::kCosine, Element::kI8}};
  for (const auto& [metric, element] : spaces) {
    const auto set = testing::make_vectors({.rows = 30, .dim = 9, .element = element, .seed = 3});
    DeltaMemory memory(set.dim, element, metric, 8);
    fill(memory, set);
    DeltaSpace space(memory);
    for (uint32_t slot = 0; slot < set.rows; ++slot) space.admit(slot);
    for (uint32_t a = 0; a < set.rows; ++a) {
      EXPECT_EQ(space.distance(a, 5), distance_kernel(metric, element)(set.row(a), set.row(5), set.dim));
    }
  }
}

// Vectors of length 1, or 0, as they come in under cosine.
TEST(DeltaSpace, IsTheCosineOfNormalisedVectors) {
  for (const Element element : {Element::kF32, Element::kF16}) {
    const auto set = testing::make_vectors({.rows = 60, .dim = 9, .element = element, .seed = 4, .zeros = 0.1});
    const auto delta = testing::filled_delta(set, Metric::kCosine, 0);
    DeltaSpace space(delta->memory());
    const DistanceFn cosine = distance_kernel(Metric::kCosine, element);
    for (uint32_t a = 0; a < set.rows; ++a) {
      const double expected = static_cast<double>(cosine(set.row(a), set.row(5), set.dim));
      EXPECT_NEAR(static_cast<double>(space.distance(a, 5)), expected, element == Element::kF32 ? 1e-6 : 2e-3);
      EXPECT_GE(space.distance(a, a), 0);
    }
  }
}

// Lifted vectors of typical length all have one length, so that their distance is that of points in a space; longer
// ones are nearer than that to what points their way, whatever came when.
TEST(DeltaSpace, LiftsToATypicalLength) {
  const uint64_t seed = 11;
  auto set = testing::make_vectors({.rows = 1200, .dim = 6, .seed = seed, .duplicates = 0});
  for (uint32_t row = 0; row < set.rows; ++row) {
    for (uint32_t d = 0; d < set.dim; ++d) {
      float value;
      std::memcpy(&value, set.row(row) + d * 4, 4);
      value *= row % 100 == 0 ? 1000.0f : 1.0f + 0.001f * static_cast<float>(row);
      std::memcpy(set.row(row) + d * 4, &value, 4);
    }
  }
  DeltaMemory memory(set.dim, set.element, Metric::kDot, 8);
  fill(memory, set);
  DeltaSpace space(memory);
  const auto squared = [&](uint32_t of) {
    return -testing::naive_distance(Metric::kDot, set.widened(of), set.widened(of));
  };
  uint32_t lifted = 0;
  for (uint32_t slot = 0; slot < set.rows; ++slot) {
    space.admit(slot);
    const double own_lift = static_cast<double>(*memory.lift(slot));
    if (own_lift == 0) continue;
    ++lifted;
    const double common = squared(slot) + own_lift * own_lift;
    for (uint32_t a = slot % 7; a <= slot; a += 7) {
      const double lift = static_cast<double>(*memory.lift(a));
      if (lift > 0) {
        const double between = testing::naive_distance(Metric::kL2, set.widened(a), set.widened(slot)) +
                               (lift - own_lift) * (lift - own_lift);
        ASSERT_NEAR(squared(a) + lift * lift, common, 1e-4 * common) << a << " of " << slot << ", seed " << seed;
        ASSERT_NEAR(static_cast<double>(space.distance(a, slot)), between, 1e-3 * common);
      } else {
        const double dot = testing::naive_distance(Metric::kDot, set.widened(a), set.widened(slot));
        ASSERT_NEAR(static_cast<double>(space.distance(a, slot)), 2 * (common + dot), 1e-4 * (common + std::abs(dot)));
      }
    }
  }
  EXPECT_GE(lifted, set.rows / 4) << "a few long rows do not set the length for all";
}

TEST(DeltaSpace, TakesVectorsPastTheRangeOfAFloat) {
  const auto set = testing::vectors_of(Element::kF32, 2, std::vector<float>{1, 2, 3e38f, 3e38f, 3, 1, 1e19f, 1e18f});
  DeltaMemory memory(set.dim, set.element, Metric::kDot, 8);
  fill(memory, set);
  DeltaSpace space(memory);
  for (uint32_t slot = 0; slot < set.rows; ++slot) space.admit(slot);
  for (uint32_t a = 0; a < set.rows; ++a) {
    for (uint32_t b = 0; b < set.rows; ++b) EXPECT_FALSE(std::isnan(space.distance(a, b))) << a << ", " << b;
  }
}

}  // namespace
}  // namespace vamana
