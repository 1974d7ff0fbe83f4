// What every built graph must be: whole, within its degree, the same for any thread count, and good to
// search, on data that is easy and data that is not.
#include "graph/vamana_builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "base/prng.h"
#include "graph/candidate_list.h"
#include "graph/reachability.h"
#include "graph/visited_set.h"
#include "testing/naive_search.h"
#include "testing/synthetic.h"

namespace vamana {
namespace {

using testing::VectorSet;

VamanaParams small_params(uint32_t degree = 16, uint32_t build_list = 40) {
  VamanaParams params;
  params.prune.degree = degree;
  params.build_list = build_list;
  return params;
}

VamanaResult build(const VectorSet& set, Metric metric, const VamanaParams& params, uint32_t threads = 2) {
  ThreadPool pool(threads);
  CancelFlag cancel;
  const BuildSpace space(set.bytes.data(), set.rows, set.dim, set.element, metric, pool);
  auto built = build_vamana(space, params, pool, cancel, [](uint64_t, uint64_t) {});
  EXPECT_TRUE(built.ok()) << built.status().message();
  return std::move(built).value();
}

// No list too long, no node in its own list or twice in one, and all nodes reachable from the medoid.
void expect_sound(const VamanaResult& built, uint32_t rows, uint32_t degree) {
  ASSERT_EQ(built.graph.rows(), rows);
  ASSERT_LT(built.medoid, rows);
  for (uint32_t node = 0; node < rows; ++node) {
    std::vector<uint32_t> list(built.graph.list(node).begin(), built.graph.list(node).end());
    ASSERT_LE(list.size(), degree) << "node " << node;
    std::sort(list.begin(), list.end());
    ASSERT_EQ(std::adjacent_find(list.begin(), list.end()), list.end()) << "node " << node;
    ASSERT_FALSE(std::binary_search(list.begin(), list.end(), node)) << "node " << node;
    if (!list.empty()) {
      ASSERT_LT(list.back(), rows) << "node " << node;
    }
  }
  std::vector<bool> reached(rows, false);
  ASSERT_EQ(mark_reachable(
                built.medoid, [&](uint32_t node) { return built.graph.list(node); }, reached),
            rows);
}

// A greedy search for a query that is no node, with full vectors.
std::vector<uint32_t> search(const VamanaResult& built, const VectorSet& set, Metric metric, const uint8_t* query,
                             size_t list_size, size_t k) {
  const DistanceFn distance = distance_kernel(metric, set.element);
  CandidateList beam;
  VisitedSet visited;
  beam.reset(list_size);
  visited.reset(list_size);
  const auto offer = [&](uint32_t node) {
    if (visited.insert(node)) beam.insert(distance(query, set.row(node), set.dim), node);
  };
  offer(built.medoid);
  Candidate current{};
  while (beam.pop_nearest(&current)) {
    for (const uint32_t neighbour : built.graph.list(current.node)) offer(neighbour);
  }
  std::vector<uint32_t> found;
  for (size_t i = 0; i < std::min(k, beam.size()); ++i) found.push_back(beam[i].node);
  return found;
}

double mean_recall(const VamanaResult& built, const VectorSet& set, const VectorSet& queries, Metric metric,
                   size_t list_size) {
  const DistanceFn distance = distance_kernel(metric, set.element);
  double sum = 0;
  for (uint32_t q = 0; q < queries.rows; ++q) {
    const auto truth = testing::naive_top_k(set, metric, queries.row(q), 10);
    const auto found = search(built, set, metric, queries.row(q), list_size, 10);
    sum += testing::tie_aware_recall(truth, found,
                                     [&](uint32_t row) { return distance(queries.row(q), set.row(row), set.dim); });
  }
  return sum / queries.rows;
}

TEST(VamanaBuilder, SameListsForAnyThreadCount) {
  const VectorSet set = testing::make_vectors({.rows = 2500, .dim = 12, .seed = 8, .duplicates = 0.1});
  const VamanaResult one = build(set, Metric::kL2, small_params(), 1);
  for (const uint32_t threads : {2u, 3u}) {
    const VamanaResult many = build(set, Metric::kL2, small_params(), threads);
    ASSERT_EQ(many.medoid, one.medoid);
    EXPECT_EQ(many.repaired, one.repaired);
    for (uint32_t node = 0; node < set.rows; ++node) {
      const auto a = one.graph.list(node), b = many.graph.list(node);
      ASSERT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << threads << " threads, node " << node;
    }
  }
}

TEST(VamanaBuilder, IsSoundForEveryMetricAndElement) {
  for (size_t m = 0; m < kMetricCount; ++m) {
    for (size_t e = 0; e < kElementCount; ++e) {
      SCOPED_TRACE(format("metric %zu, element %zu", m, e));
      const VectorSet set = testing::make_vectors({.rows = 500,
                                                   .dim = 10,
                                                   .element = static_cast<Element>(e),
                                                   .seed = 3 + e,
                                                   .duplicates = 0.1,
                                                   .zeros = 0.03});
      const VamanaResult built = build(set, static_cast<Metric>(m), small_params(8, 30));
      expect_sound(built, set.rows, 8);
    }
  }
}

TEST(VamanaBuilder, FindsNearlyAllNeighbours) {
  const testing::SyntheticOptions options{.rows = 3000, .dim = 16, .seed = 21};
  const VectorSet set = make_vectors(options), queries = make_queries(options, 100);
  for (size_t m = 0; m < kMetricCount; ++m) {
    const auto metric = static_cast<Metric>(m);
    const VamanaResult built = build(set, metric, small_params(24, 60));
    EXPECT_GT(mean_recall(built, set, queries, metric, 60), 0.95) << "metric " << m;
  }
}

TEST(VamanaBuilder, TheFewestRows) {
  for (const uint32_t rows : {1u, 2u, 3u, 4u, 5u}) {
    for (size_t m = 0; m < kMetricCount; ++m) {
      SCOPED_TRACE(format("%u rows, metric %zu", rows, m));
      const VectorSet set = testing::make_vectors({.rows = rows, .dim = 3, .seed = rows, .duplicates = 0});
      const VamanaResult built = build(set, static_cast<Metric>(m), small_params(4, 4));
      expect_sound(built, rows, 4);
      // With so few rows each can name all others, and backfill sees to it that it does.
      for (uint32_t node = 0; node < rows; ++node) EXPECT_EQ(built.graph.list(node).size(), rows - 1);
    }
  }
}

TEST(VamanaBuilder, EqualRows) {
  for (size_t m = 0; m < kMetricCount; ++m) {
    SCOPED_TRACE(format("metric %zu", m));
    const VectorSet set = testing::vectors_of(Element::kF32, 4, std::vector<float>(2000 * 4, 1.5f));
    expect_sound(build(set, static_cast<Metric>(m), small_params(8, 20)), 2000, 8);
  }
}

TEST(VamanaBuilder, DuplicatesByTheThousand) {
  // Five points, each a thousand times, in turn; and one point of its own that no crowd may hide.
  std::vector<float> values;
  for (int i = 0; i < 5000; ++i) {
    for (int d = 0; d < 4; ++d) values.push_back(static_cast<float>((i % 5) * (d + 1)));
  }
  for (int d = 0; d < 4; ++d) values.push_back(9.5f);
  const VectorSet set = testing::vectors_of(Element::kF32, 4, values);
  const VamanaResult built = build(set, Metric::kL2, small_params(12, 30));
  expect_sound(built, 5001, 12);
  EXPECT_EQ(search(built, set, Metric::kL2, set.row(5000), 64, 1), std::vector<uint32_t>{5000});
}

TEST(VamanaBuilder, ZeroVectorsUnderCosine) {
  const testing::SyntheticOptions options{.rows = 1500, .dim = 8, .seed = 2, .zeros = 0.2};
  const VectorSet set = make_vectors(options), queries = make_queries(options, 50);
  const VamanaResult built = build(set, Metric::kCosine, small_params());
  expect_sound(built, set.rows, 16);
  EXPECT_GT(mean_recall(built, set, queries, Metric::kCosine, 80), 0.9);
}

TEST(VamanaBuilder, NumbersNearTheFloatsLimit) {
  std::vector<float> values;
  Prng prng(5);
  for (int i = 0; i < 300 * 4; ++i) {
    values.push_back(std::numeric_limits<float>::max() * static_cast<float>(2 * prng.uniform() - 1));
  }
  const VectorSet set = testing::vectors_of(Element::kF32, 4, values);
  for (size_t m = 0; m < kMetricCount; ++m) {
    SCOPED_TRACE(format("metric %zu", m));
    expect_sound(build(set, static_cast<Metric>(m), small_params(8, 20)), 300, 8);
  }
}

TEST(VamanaBuilder, DegreesFromLeastToMost) {
  const VectorSet set = testing::make_vectors({.rows = 700, .dim = 8, .seed = 6});
  expect_sound(build(set, Metric::kL2, small_params(4, 10)), 700, 4);
  expect_sound(build(set, Metric::kL2, small_params(126, 130)), 700, 126);
}

TEST(VamanaBuilder, ReportsEveryBatch) {
  const VectorSet set = testing::make_vectors({.rows = 900, .dim = 4});
  ThreadPool pool(2);
  CancelFlag cancel;
  const BuildSpace space(set.bytes.data(), set.rows, set.dim, set.element, Metric::kL2, pool);
  uint64_t last = 0;
  const auto built = build_vamana(space, small_params(), pool, cancel, [&](uint64_t done, uint64_t total) {
    EXPECT_GT(done, last);
    EXPECT_EQ(total, 900u);
    last = done;
  });
  EXPECT_TRUE(built.ok());
  EXPECT_EQ(last, 900u);
}

TEST(VamanaBuilder, StopsWhenCancelled) {
  const VectorSet set = testing::make_vectors({.rows = 900, .dim = 4});
  ThreadPool pool(2);
  CancelFlag cancel;
  const BuildSpace space(set.bytes.data(), set.rows, set.dim, set.element, Metric::kL2, pool);
  uint64_t seen = 0;
  const auto built = build_vamana(space, small_params(), pool, cancel, [&](uint64_t done, uint64_t) {
    seen = done;
    if (done >= 100) cancel.cancel();
  });
  EXPECT_EQ(built.status().code(), Code::kAborted);
  EXPECT_LT(seen, 200u);
}

}  // namespace
}  // namespace vamana
