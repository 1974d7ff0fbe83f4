// BuildSpace's distances and the medoid against their definitions.
#include "graph/build_space.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/coding.h"
#include "testing/naive_search.h"
#include "testing/synthetic.h"

namespace vamana {
namespace {

using testing::VectorSet;

BuildSpace space_of(const VectorSet& set, Metric metric, ThreadPool& pool) {
  return BuildSpace(set.bytes.data(), set.rows, set.dim, set.element, metric, pool);
}

TEST(BuildSpace, IsTheMetricsOwnDistance) {
  ThreadPool pool(2);
  for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kL1}) {
    for (size_t e = 0; e < kElementCount; ++e) {
      const VectorSet set = testing::make_vectors({.rows = 50, .dim = 13, .element = static_cast<Element>(e)});
      const BuildSpace space = space_of(set, metric, pool);
      for (uint32_t i = 0; i < 200; ++i) {
        const uint32_t a = i % 50, b = i * 7 % 50;
        const double expected = testing::naive_distance(metric, set.widened(a), set.widened(b));
        ASSERT_NEAR(space.distance(a, b), expected, 1e-5 * (1 + std::abs(expected)));
      }
    }
  }
}

// Under the inner product: the squared distance of the vectors with one coordinate more, which brings each to
// the length of the longest.
TEST(BuildSpace, LiftsInnerProductsToDistances) {
  ThreadPool pool(2);
  const VectorSet set = testing::make_vectors({.rows = 300, .dim = 9, .seed = 4, .zeros = 0.05});
  const BuildSpace space = space_of(set, Metric::kDot, pool);
  std::vector<std::vector<float>> lifted;
  double longest = 0;
  const auto squared_length = [](const std::vector<float>& v) {
    double sum = 0;
    for (const float x : v) sum += static_cast<double>(x) * static_cast<double>(x);
    return sum;
  };
  for (uint32_t i = 0; i < set.rows; ++i) longest = std::max(longest, squared_length(set.widened(i)));
  for (uint32_t i = 0; i < set.rows; ++i) {
    lifted.push_back(set.widened(i));
    lifted.back().push_back(static_cast<float>(std::sqrt(std::max(0.0, longest - squared_length(lifted.back())))));
  }
  for (uint32_t a = 0; a < set.rows; ++a) {
    EXPECT_NEAR(space.distance(a, a), 0, 1e-4 * longest);
    for (uint32_t b = 0; b < set.rows; ++b) {
      const double expected = testing::naive_distance(Metric::kL2, lifted[a], lifted[b]);
      ASSERT_NEAR(space.distance(a, b), expected, 1e-4 * longest) << a << " to " << b;
      ASSERT_GE(space.distance(a, b), 0);
    }
  }
}

// One vector too long for a float's square must not make all others the same to each other.
TEST(BuildSpace, AVectorTooLongForAFloatLeavesTheOthersTheirDistances) {
  ThreadPool pool(1);
  VectorSet set = testing::make_vectors({.rows = 50, .dim = 4, .seed = 9, .duplicates = 0});
  for (uint32_t d = 0; d < set.dim; ++d) store_le<float>(set.row(50 - 1) + 4 * d, 3e38f);
  const BuildSpace space = space_of(set, Metric::kDot, pool);
  float largest = 0;
  for (uint32_t i = 1; i < 49; ++i) {
    EXPECT_TRUE(std::isfinite(space.distance(0, i)));
    largest = std::max(largest, space.distance(0, i));
  }
  EXPECT_GT(largest, 0);
  EXPECT_FALSE(std::isnan(space.distance(0, 49)));
}

uint32_t naive_medoid(const VectorSet& set) {
  std::vector<double> mean(set.dim, 0);
  for (uint32_t i = 0; i < set.rows; ++i) {
    const auto row = set.widened(i);
    for (uint32_t d = 0; d < set.dim; ++d) mean[d] += static_cast<double>(row[d]) / set.rows;
  }
  const std::vector<float> target(mean.begin(), mean.end());
  return testing::naive_top_k(
             set.rows, 1,
             [&](uint32_t row) {
               return static_cast<float>(testing::naive_distance(Metric::kL2, set.widened(row), target));
             })[0]
      .row;
}

TEST(Medoid, IsNearestToTheMean) {
  ThreadPool one(1), three(3);
  for (const uint32_t rows : {1u, 2u, 100u, 4095u, 4096u, 4097u, 9000u}) {
    // One cluster: the mean lies among the points, and no two are about equally near to it by chance alone.
    const VectorSet set = testing::make_vectors({.rows = rows, .dim = 5, .seed = rows, .clusters = 1});
    const uint32_t found = find_medoid(space_of(set, Metric::kL2, one), one);
    EXPECT_EQ(found, naive_medoid(set)) << rows << " rows";
    EXPECT_EQ(find_medoid(space_of(set, Metric::kL2, three), three), found) << rows << " rows";
  }
}

TEST(Medoid, OfEqualRowsIsTheFirst) {
  ThreadPool pool(2);
  const VectorSet set = testing::vectors_of(Element::kU8, 2, std::vector<float>(20000, 7));
  EXPECT_EQ(find_medoid(space_of(set, Metric::kL2, pool), pool), 0u);
}

}  // namespace
}  // namespace vamana
