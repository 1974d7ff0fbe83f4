// ExactScan against sorting everything.
#include "search/exact_scan.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/prng.h"
#include "search/search_params.h"
#include "testing/naive_search.h"
#include "testing/synthetic.h"

namespace vamana {
namespace {

using testing::VectorSet;

void expect_truth(const ExactScan& scan, const VectorSet& set, const VectorSet& queries, Metric metric) {
  std::vector<uint32_t> rows(scan.k());
  std::vector<float> distances(scan.k());
  for (uint32_t q = 0; q < queries.rows; ++q) {
    const auto truth = testing::naive_top_k(set, metric, queries.row(q), scan.k());
    scan.result(q, rows.data(), distances.data());
    for (uint32_t i = 0; i < scan.k(); ++i) {
      const bool padded = i >= truth.size();
      ASSERT_EQ(rows[i], padded ? kNoRow : truth[i].row) << "query " << q << ", place " << i;
      ASSERT_EQ(distances[i], padded ? std::numeric_limits<float>::infinity() : truth[i].distance)
          << "query " << q << ", place " << i;
    }
  }
}

TEST(ExactScan, IsTheTruthForEveryMetricAndElement) {
  ThreadPool pool(2);
  for (size_t m = 0; m < kMetricCount; ++m) {
    for (size_t e = 0; e < kElementCount; ++e) {
      SCOPED_TRACE(format("metric %zu, element %zu", m, e));
      const testing::SyntheticOptions options{
          .rows = 400, .dim = 9, .element = static_cast<Element>(e), .seed = m + 1, .duplicates = 0.3, .zeros = 0.02};
      const VectorSet set = make_vectors(options), queries = make_queries(options, 40);
      const auto metric = static_cast<Metric>(m);
      for (const uint32_t k : {1u, 10u, 399u, 400u, 500u}) {
        ExactScan scan(metric, set.element, set.dim, queries.bytes.data(), queries.rows, k);
        scan.add(set.bytes.data(), set.row_bytes(), set.rows, 0, pool);
        expect_truth(scan, set, queries, metric);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(ExactScan, TiesGoToTheLowerRow) {
  ThreadPool pool(1);
  // Three distances among a hundred rows, offered in pieces from the back.
  std::vector<float> values;
  for (int i = 0; i < 100; ++i) values.push_back(static_cast<float>(i % 3));
  const VectorSet set = testing::vectors_of(Element::kU8, 1, values);
  const VectorSet query = testing::vectors_of(Element::kU8, 1, std::vector<float>{0});
  ExactScan scan(Metric::kL2, set.element, 1, query.bytes.data(), 1, 40);
  for (uint32_t first = 100; first > 0; first -= 20) scan.add(set.row(first - 20), 1, 20, first - 20, pool);
  expect_truth(scan, set, query, Metric::kL2);
}

TEST(ExactScan, PiecesOfAnySizeAndStrideMakeTheSameWhole) {
  ThreadPool one(1), three(3);
  const testing::SyntheticOptions options{.rows = 3000, .dim = 20, .element = Element::kI8, .seed = 6};
  const VectorSet set = make_vectors(options), queries = make_queries(options, 70);
  const uint64_t stride = set.row_bytes() + 13;
  std::vector<uint8_t> spaced(set.rows * stride, 0xEE);
  for (uint32_t i = 0; i < set.rows; ++i) std::copy_n(set.row(i), set.row_bytes(), spaced.data() + i * stride);
  Prng prng(8);
  ExactScan scan(Metric::kL2, set.element, set.dim, queries.bytes.data(), queries.rows, 12);
  for (uint32_t first = 0; first < set.rows;) {
    const auto rows = static_cast<uint32_t>(std::min<uint64_t>(set.rows - first, prng.below(900)));
    scan.add(spaced.data() + first * stride, stride, rows, first, prng.below(2) == 0 ? one : three);
    first += rows;
  }
  expect_truth(scan, set, queries, Metric::kL2);
}

TEST(ExactScan, NothingOfferedIsAllPadding) {
  const std::vector<uint8_t> query(4);
  ExactScan scan(Metric::kL2, Element::kU8, 4, query.data(), 1, 3);
  expect_truth(scan, VectorSet{0, 4, Element::kU8, {}}, VectorSet{1, 4, Element::kU8, query}, Metric::kL2);
}

TEST(ExactScan, OfferedDistancesCountAsScannedOnes) {
  ExactScan scan(Metric::kL2, Element::kU8, 1, std::vector<uint8_t>{0, 0}.data(), 2, 2);
  scan.offer(1, 5, 7);
  scan.offer(1, std::numeric_limits<float>::infinity(), 1);
  scan.offer(1, -3, 9);
  uint32_t rows[2];
  float distances[2];
  scan.result(1, rows, distances);
  EXPECT_EQ(rows[0], 9u);
  EXPECT_EQ(rows[1], 7u);
  EXPECT_EQ(distances[0], -3);
  scan.result(0, rows, distances);
  EXPECT_EQ(rows[0], kNoRow);
}

}  // namespace
}  // namespace vamana
