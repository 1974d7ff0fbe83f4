// locality_order puts near rows near; permute_records against the obvious way.
#include "graph/locality_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/prng.h"
#include "testing/naive_search.h"
#include "testing/synthetic.h"

namespace vamana {
namespace {

using testing::VectorSet;

std::vector<uint32_t> order_of(const VectorSet& set, uint32_t threads, uint64_t seed = 1) {
  ThreadPool pool(threads);
  CancelFlag cancel;
  auto order = locality_order(set.bytes.data(), set.rows, set.dim, set.element, seed, pool, cancel);
  EXPECT_TRUE(order.ok()) << order.status().message();
  return std::move(order).value();
}

void expect_permutation(const std::vector<uint32_t>& order, size_t rows) {
  ASSERT_EQ(order.size(), rows);
  std::vector<uint32_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (uint32_t i = 0; i < rows; ++i) ASSERT_EQ(sorted[i], i);
}

// Mean distance in places between a row and its five nearest.
double mean_neighbour_gap(const VectorSet& set, const std::vector<uint32_t>& order) {
  std::vector<uint32_t> place(order.size());
  for (uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  double sum = 0, count = 0;
  for (uint32_t row = 0; row < set.rows; row += 17) {
    for (const auto& near : testing::naive_top_k(set, Metric::kL2, set.row(row), 6)) {
      if (near.row == row) continue;
      sum += std::abs(static_cast<double>(place[row]) - static_cast<double>(place[near.row]));
      count += 1;
    }
  }
  return sum / count;
}

TEST(LocalityOrder, IsAPermutationOfAnyNumberOfRows) {
  for (const uint32_t rows : {1u, 2u, 15u, 16u, 17u, 31u, 32u, 33u, 100u, 257u, 1000u, 4099u}) {
    SCOPED_TRACE(format("%u rows", rows));
    expect_permutation(order_of(testing::make_vectors({.rows = rows, .dim = 5, .seed = rows}), 2), rows);
  }
}

TEST(LocalityOrder, IsTheSameForAnyThreadCount) {
  for (size_t e = 0; e < kElementCount; ++e) {
    const VectorSet set =
        testing::make_vectors({.rows = 9000, .dim = 7, .element = static_cast<Element>(e), .seed = e});
    const auto one = order_of(set, 1);
    EXPECT_EQ(order_of(set, 2), one) << "element " << e;
    EXPECT_EQ(order_of(set, 3), one) << "element " << e;
  }
}

TEST(LocalityOrder, NearRowsGetNearPlaces) {
  const VectorSet set = testing::make_vectors({.rows = 4000, .dim = 8, .seed = 31, .clusters = 100, .spread = 0.2});
  std::vector<uint32_t> random(set.rows);
  std::iota(random.begin(), random.end(), 0u);
  EXPECT_LT(mean_neighbour_gap(set, order_of(set, 2)), mean_neighbour_gap(set, random) / 5);
}

TEST(LocalityOrder, EqualRowsAndFewDistinctOnes) {
  expect_permutation(order_of(testing::vectors_of(Element::kF32, 2, std::vector<float>(4000, 1)), 2), 2000);
  std::vector<float> two;
  for (int i = 0; i < 3000; ++i) two.push_back(static_cast<float>(i % 2));
  const VectorSet set = testing::vectors_of(Element::kU8, 1, two);
  const auto order = order_of(set, 2);
  expect_permutation(order, 3000);
  EXPECT_LT(mean_neighbour_gap(set, order), 1500);
}

// Sums and differences of such numbers are infinite, and what is made of those is not a number.
TEST(LocalityOrder, NumbersNearTheFloatsLimit) {
  std::vector<float> values;
  Prng prng(3);
  for (int i = 0; i < 3000 * 4; ++i)
    values.push_back(std::numeric_limits<float>::max() * (prng.below(2) == 0 ? 1.0f : -1.0f));
  expect_permutation(order_of(testing::vectors_of(Element::kF32, 4, values), 2), 3000);
}

// The means of all ranges of a level at once would be most of what bytes of 1024 dimensions take.
TEST(LocalityOrder, NeedsLittleBesideWideVectors) {
  EXPECT_LT(locality_order_bytes(1'000'000, 1024, 8), 1'000'000ull * 1024 / 20);
  EXPECT_GE(locality_order_bytes(1'000'000, 1024, 8), 1'000'000ull * 8);
}

TEST(LocalityOrder, StopsWhenCancelled) {
  const VectorSet set = testing::make_vectors({.rows = 1000});
  ThreadPool pool(1);
  CancelFlag cancel;
  cancel.cancel();
  const auto order = locality_order(set.bytes.data(), set.rows, set.dim, set.element, 1, pool, cancel);
  EXPECT_EQ(order.status().code(), Code::kAborted);
}

TEST(PermuteRecords, PutsRecordOrderIAtI) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Prng prng(seed);
    const size_t rows = 1 + prng.below(300), record_bytes = 1 + prng.below(40);
    std::vector<uint32_t> order(rows);
    std::iota(order.begin(), order.end(), 0u);
    // Seed 1 keeps the identity; others shuffle some or all.
    for (size_t i = seed == 1 ? 0 : rows; i > 1; --i) {
      if (prng.below(4) != 0) std::swap(order[i - 1], order[prng.below(i)]);
    }
    std::vector<uint8_t> records(rows * record_bytes), expected(rows * record_bytes);
    for (uint8_t& byte : records) byte = static_cast<uint8_t>(prng.next());
    for (size_t i = 0; i < rows; ++i)
      std::copy_n(records.data() + order[i] * record_bytes, record_bytes, expected.data() + i * record_bytes);
    permute_records(records.data(), record_bytes, order);
    ASSERT_EQ(records, expected) << "seed " << seed << ", " << rows << " rows of " << record_bytes << " bytes";
  }
}

}  // namespace
}  // namespace vamana
