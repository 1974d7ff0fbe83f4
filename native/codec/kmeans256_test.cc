// kmeans256: deterministic, never worse for another round, exact where centroids suffice.
#include "codec/kmeans256.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/prng.h"

namespace vamana {
namespace {

std::vector<float> random_points(size_t count, size_t dim, uint64_t seed) {
  Prng prng(seed);
  std::vector<float> points(count * dim);
  for (float& value : points) value = static_cast<float>(prng.gaussian());
  return points;
}

std::vector<float> train(const std::vector<float>& points, size_t dim, int rounds, uint64_t seed = 1) {
  CancelFlag cancel;
  return kmeans256(points.data(), points.size() / dim, dim, rounds, seed, cancel);
}

// Sum over the points of the squared distance to the nearest centroid.
double error(const std::vector<float>& points, size_t dim, const std::vector<float>& centroids) {
  double sum = 0;
  for (size_t i = 0; i < points.size(); i += dim) {
    double best = std::numeric_limits<double>::infinity();
    for (size_t c = 0; c < 256; ++c) {
      double distance = 0;
      for (size_t d = 0; d < dim; ++d) {
        const double step = static_cast<double>(points[i + d]) - static_cast<double>(centroids[d * 256 + c]);
        distance += step * step;
      }
      best = std::min(best, distance);
    }
    sum += best;
  }
  return sum;
}

TEST(Kmeans256, IsDeterministicForASeed) {
  const auto points = random_points(2000, 3, 4);
  EXPECT_EQ(train(points, 3, 5), train(points, 3, 5));
  EXPECT_NE(train(points, 3, 5, 1), train(points, 3, 5, 2));
}

TEST(Kmeans256, NoRoundMakesItWorse) {
  for (const size_t dim : {1u, 2u, 5u}) {
    const auto points = random_points(1500, dim, dim);
    const double start = error(points, dim, train(points, dim, 0));
    double last = start;
    for (int rounds = 1; rounds <= 6; ++rounds) {
      const double now = error(points, dim, train(points, dim, rounds));
      EXPECT_LE(now, last * (1 + 1e-6)) << "dim " << dim << ", round " << rounds;
      last = now;
    }
    EXPECT_LT(last, 0.95 * start) << "dim " << dim;
  }
}

// 256 cells of a normal distribution in a plane leave about 1% of its variance.
TEST(Kmeans256, LeavesLittleOfAPlane) {
  const auto points = random_points(4000, 2, 77);
  EXPECT_LT(error(points, 2, train(points, 2, 12)) / 4000, 0.03);
}

TEST(Kmeans256, FewerPointsThanCentroidsAreMetExactly) {
  for (const size_t count : {1u, 2u, 100u, 255u, 256u}) {
    const auto points = random_points(count, 4, count);
    for (const int rounds : {0, 1, 12}) {
      EXPECT_LT(error(points, 4, train(points, 4, rounds)), 1e-9) << count << " points, " << rounds << " rounds";
    }
  }
}

TEST(Kmeans256, FewDistinctPointsAreMetExactly) {
  std::vector<float> points;
  for (int i = 0; i < 3000; ++i) {
    points.push_back(static_cast<float>(i % 3));
    points.push_back(static_cast<float>(-(i % 3)));
  }
  const auto centroids = train(points, 2, 12);
  EXPECT_LT(error(points, 2, centroids), 1e-9);
  for (const float value : centroids) EXPECT_TRUE(std::isfinite(value));
}

// Most seeds fall on the one crowd; the centroids that it leaves idle must go to the rest.
TEST(Kmeans256, IdleCentroidsGoWhereTheyAreNeeded) {
  auto points = random_points(5000, 2, 3);
  std::fill(points.begin(), points.begin() + 2 * 4600, 0.25f);
  EXPECT_LT(error(points, 2, train(points, 2, 12)), 0.35 * error(points, 2, train(points, 2, 0)));
}

TEST(Kmeans256, NumbersNearTheFloatsLimitStayFinite) {
  auto points = random_points(1000, 2, 6);
  for (float& value : points) value = value > 0 ? std::numeric_limits<float>::max() : -1e38f;
  for (const float value : train(points, 2, 4)) EXPECT_TRUE(std::isfinite(value));
}

TEST(Kmeans256, NoPointsGiveZeros) { EXPECT_EQ(train({}, 3, 4), std::vector<float>(3 * 256, 0.0f)); }

TEST(Kmeans256, ReturnsEarlyWhenCancelled) {
  const auto points = random_points(2000, 3, 4);
  CancelFlag cancel;
  cancel.cancel();
  EXPECT_EQ(kmeans256(points.data(), 2000, 3, 1000000, 1, cancel), train(points, 3, 0));
}

}  // namespace
}  // namespace vamana
