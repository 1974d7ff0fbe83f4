// The distance a delta's graph is built on; of the inner product, that lifting keeps its promise while rows come.
#include "delta/delta_space.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "testing/naive_search.h"
#include "testing/synthetic.h"

namespace vamana {
namespace {

void fill(DeltaMemory& memory, const testing::VectorSet& set) {
  ASSERT_TRUE(memory.reserve(set.rows).ok());
  for (uint32_t slot = 0; slot < set.rows; ++slot) std::memcpy(memory.vector(slot), set.row(slot), set.row_bytes());
}

TEST(DeltaSpace, IsTheMetricsOwnWhereNothingIsLifted) {
  const auto set = testing::make_vectors({.rows = 30, .dim = 9, .seed = 3});
  for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kL1}) {
    DeltaMemory memory(set.dim, set.element, metric, 8);
    fill(memory, set);
    DeltaSpace space(memory);
    for (uint32_t slot = 0; slot < set.rows; ++slot) space.admit(slot);
    for (uint32_t a = 0; a < set.rows; ++a) {
      const float expected = distance_kernel(metric, set.element)(set.row(a), set.row(5), set.dim);
      EXPECT_EQ(space.distance(a, 5), expected);
    }
  }
}

// Lifted vectors all have one length, so their squared distance is 2 (length^2 - dot - lift * lift): the triangle of
// any three holds, and a row is nearest to itself, however long the ones are that came later.
TEST(DeltaSpace, LiftsToACommonLengthThatGrows) {
  const uint64_t seed = 11;
  auto set = testing::make_vectors({.rows = 60, .dim = 6, .seed = seed, .duplicates = 0});
  for (uint32_t row = 0; row < set.rows; ++row) {
    for (uint32_t d = 0; d < set.dim; ++d) {
      float value;
      std::memcpy(&value, set.row(row) + d * 4, 4);
      value *= 0.1f * static_cast<float>(row + 1);
      std::memcpy(set.row(row) + d * 4, &value, 4);
    }
  }
  DeltaMemory memory(set.dim, set.element, Metric::kDot, 8);
  fill(memory, set);
  DeltaSpace space(memory);
  for (uint32_t slot = 0; slot < set.rows; ++slot) {
    space.admit(slot);
    const auto length_squared = [&](uint32_t of) {
      const double dot = -testing::naive_distance(Metric::kDot, set.widened(of), set.widened(of));
      return dot + static_cast<double>(*memory.lift(of)) * static_cast<double>(*memory.lift(of));
    };
    const double common = length_squared(slot);
    for (uint32_t a = 0; a <= slot; ++a) {
      ASSERT_NEAR(length_squared(a), common, 1e-4 * common) << "slot " << a << " of " << slot << ", seed " << seed;
      ASSERT_NEAR(static_cast<double>(space.distance(a, a)), 0, 1e-4 * common);
      const double lifts = static_cast<double>(*memory.lift(a)) - static_cast<double>(*memory.lift(slot));
      const double squared = testing::naive_distance(Metric::kL2, set.widened(a), set.widened(slot)) + lifts * lifts;
      ASSERT_NEAR(static_cast<double>(space.distance(a, slot)), squared, 1e-3 * common);
    }
  }
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
