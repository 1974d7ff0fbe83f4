// greedy_search on graphs small enough to know the answer.
#include "graph/greedy_search.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "base/prng.h"
#include "graph/build_graph.h"
#include "graph/build_space.h"
#include "testing/naive_search.h"
#include "testing/synthetic.h"

namespace vamana {
namespace {

using testing::VectorSet;

BuildGraph make_graph(const std::vector<std::vector<uint32_t>>& lists, uint32_t places) {
  auto graph = BuildGraph::create(lists.size(), places);
  EXPECT_TRUE(graph.ok());
  for (uint32_t node = 0; node < lists.size(); ++node) graph->set(node, lists[node]);
  return std::move(graph).value();
}

// Every node names `degree` random others and its successor, so that all can be reached.
BuildGraph random_graph(uint32_t rows, uint32_t degree, uint64_t seed) {
  Prng prng(seed);
  std::vector<std::vector<uint32_t>> lists(rows);
  for (uint32_t node = 0; node < rows; ++node) {
    std::set<uint32_t> list{(node + 1) % rows};
    while (list.size() < std::min(degree, rows - 1)) list.insert(static_cast<uint32_t>(prng.below(rows)));
    list.erase(node);
    lists[node].assign(list.begin(), list.end());
  }
  return make_graph(lists, degree);
}

TEST(GreedySearch, WithRoomForAllFindsTheExactOrder) {
  ThreadPool pool(1);
  GreedyScratch scratch;
  for (size_t m = 0; m < kMetricCount; ++m) {
    const VectorSet set = testing::make_vectors({.rows = 120, .dim = 8, .seed = m, .duplicates = 0.2});
    const BuildSpace space(set.bytes.data(), set.rows, set.dim, set.element, static_cast<Metric>(m), pool);
    const BuildGraph graph = random_graph(set.rows, 5, m + 1);
    for (uint32_t target = 0; target < 20; ++target) {
      greedy_search(space, graph, 7, target, set.rows, scratch);
      const auto truth =
          testing::naive_top_k(set.rows, set.rows, [&](uint32_t row) { return space.distance(row, target); });
      ASSERT_EQ(scratch.beam.size(), set.rows);
      ASSERT_EQ(scratch.expanded.size(), set.rows) << "all are expanded, each once";
      for (uint32_t i = 0; i < set.rows; ++i) {
        ASSERT_EQ(scratch.beam[i].node, truth[i].row) << "metric " << m << ", target " << target << ", place " << i;
        ASSERT_EQ(scratch.beam[i].distance, truth[i].distance);
      }
    }
  }
}

// On a line where each knows its two neighbours, the walk goes straight to the target and looks around it.
TEST(GreedySearch, WalksAlongALine) {
  ThreadPool pool(1);
  std::vector<float> values;
  std::vector<std::vector<uint32_t>> lists;
  for (uint32_t i = 0; i < 100; ++i) {
    values.push_back(static_cast<float>(i));
    lists.push_back(i == 0    ? std::vector<uint32_t>{1}
                    : i == 99 ? std::vector<uint32_t>{98}
                              : std::vector<uint32_t>{i - 1, i + 1});
  }
  const VectorSet set = testing::vectors_of(Element::kF32, 1, values);
  const BuildSpace space(set.bytes.data(), set.rows, set.dim, set.element, Metric::kL2, pool);
  const BuildGraph graph = make_graph(lists, 2);
  GreedyScratch scratch;
  greedy_search(space, graph, 10, 60, 3, scratch);
  ASSERT_EQ(scratch.beam.size(), 3u);
  EXPECT_EQ(scratch.beam[0].node, 60u);
  EXPECT_EQ(scratch.beam[1].node, 59u);
  EXPECT_EQ(scratch.beam[2].node, 61u);
  ASSERT_EQ(scratch.expanded.size(), 52u);
  for (uint32_t i = 0; i <= 50; ++i) EXPECT_EQ(scratch.expanded[i].node, 10 + i);
}

TEST(GreedySearch, StaysInTheEntrysComponent) {
  ThreadPool pool(1);
  const VectorSet set = testing::vectors_of(Element::kF32, 1, std::vector<float>{0, 1, 2, 3});
  const BuildSpace space(set.bytes.data(), set.rows, set.dim, set.element, Metric::kL2, pool);
  const BuildGraph graph = make_graph({{1}, {0}, {3}, {2}}, 4);
  GreedyScratch scratch;
  greedy_search(space, graph, 0, 3, 10, scratch);
  ASSERT_EQ(scratch.expanded.size(), 2u);
  EXPECT_EQ(scratch.beam[0].node, 1u);
}

}  // namespace
}  // namespace vamana
