// Partitions of sets that are easy and of sets that are not: crowds are shared, and any thread
// count gives the same.
#include "job/partition_centroids.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/prng.h"

namespace vamana {
namespace {

constexpr uint32_t kDim = 8;
constexpr uint64_t kRows = 4000;

// Nine tenths of the rows crowd around one point.
std::vector<float> crowded_rows(uint64_t seed) {
  Prng prng(seed);
  std::vector<float> rows(kRows * kDim);
  for (uint64_t i = 0; i < kRows; ++i) {
    const double scale = i % 10 == 0 ? 4 : 0.5;
    for (uint32_t d = 0; d < kDim; ++d) rows[i * kDim + d] = static_cast<float>(scale * prng.gaussian());
  }
  return rows;
}

// Rows that have each partition among their two nearest.
std::vector<uint64_t> drawn(const PartitionCentroids& partitions, const std::vector<float>& rows) {
  std::vector<uint64_t> sizes(partitions.count, 0);
  std::vector<float> distances(partitions.count);
  std::vector<uint32_t> order(partitions.count);
  for (uint64_t i = 0; i < rows.size() / kDim; ++i) {
    partitions.measure(rows.data() + i * kDim, distances.data());
    for (uint32_t c = 0; c < partitions.count; ++c) order[c] = c;
    std::partial_sort(order.begin(), order.begin() + 2, order.end(),
                      [&](uint32_t a, uint32_t b) { return distances[a] < distances[b]; });
    ++sizes[order[0]];
    ++sizes[order[1]];
  }
  return sizes;
}

TEST(PartitionCentroids, CrowdsAreShared) {
  ThreadPool pool(2);
  CancelFlag cancel;
  const auto rows = crowded_rows(7);
  for (const uint32_t count : {3u, 8u, 20u}) {
    const auto partitions = train_partition_centroids(rows.data(), kRows, kDim, count, 1, pool, cancel);
    const auto sizes = drawn(partitions, rows);
    const double due = 2.0 * kRows / count;
    // Plain k-means lets one partition draw nearly all rows, eight times its due and more.
    EXPECT_LT(static_cast<double>(*std::max_element(sizes.begin(), sizes.end())), 2.2 * due) << count;
    EXPECT_GT(*std::min_element(sizes.begin(), sizes.end()), 0u) << count;
  }
}

TEST(PartitionCentroids, SameForAnyThreadCount) {
  CancelFlag cancel;
  const auto rows = crowded_rows(8);
  ThreadPool one(1), three(3);
  const auto a = train_partition_centroids(rows.data(), kRows, kDim, 6, 5, one, cancel);
  const auto b = train_partition_centroids(rows.data(), kRows, kDim, 6, 5, three, cancel);
  EXPECT_EQ(a.centroids, b.centroids);
  EXPECT_EQ(a.handicaps, b.handicaps);
}

TEST(PartitionCentroids, NumbersWhoseSquaresOverflow) {
  ThreadPool pool(1);
  CancelFlag cancel;
  std::vector<float> rows(100 * kDim);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = i % 3 == 0 ? 3e38f : -3e38f;
  const auto partitions = train_partition_centroids(rows.data(), 100, kDim, 4, 1, pool, cancel);
  std::vector<float> distances(4);
  partitions.measure(rows.data(), distances.data());
  for (const float distance : distances) EXPECT_FALSE(std::isnan(distance));
  for (const float handicap : partitions.handicaps) EXPECT_TRUE(std::isfinite(handicap));
}

TEST(PartitionCentroids, StopsWhenCancelled) {
  ThreadPool pool(1);
  CancelFlag cancel;
  cancel.cancel();
  const auto rows = crowded_rows(9);
  const auto partitions = train_partition_centroids(rows.data(), kRows, kDim, 4, 1, pool, cancel);
  EXPECT_EQ(partitions.handicaps, std::vector<float>(4, 0.0f));
}

}  // namespace
}  // namespace vamana
