// The graph's final orders: permutations, the same for any thread count, and worth their time.
#include "graph/reorder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

#include "base/prng.h"
#include "graph/packed_graph.h"
#include "graph/vamana_builder.h"
#include "testing/synthetic.h"

namespace vamana {
namespace {

using Lists = std::vector<std::vector<uint32_t>>;

BuildGraph make_graph(const Lists& lists, uint32_t places) {
  auto graph = BuildGraph::create(lists.size(), places);
  EXPECT_TRUE(graph.ok());
  for (uint32_t node = 0; node < lists.size(); ++node) graph->set(node, lists[node]);
  return std::move(graph).value();
}

// Near neighbours along a ring, their numbers shuffled: an order that packs well exists but is hidden.
Lists shuffled_ring(uint32_t rows, uint32_t degree, uint64_t seed) {
  Prng prng(seed);
  std::vector<uint32_t> name(rows);
  std::iota(name.begin(), name.end(), 0u);
  for (size_t i = rows; i > 1; --i) std::swap(name[i - 1], name[prng.below(i)]);
  Lists lists(rows);
  for (uint32_t at = 0; at < rows; ++at) {
    std::set<uint32_t> list{name[(at + 1) % rows]};
    while (list.size() < std::min(degree, rows - 1)) {
      const uint64_t other = (at + rows + prng.below(2 * degree + 1) - degree) % rows;
      if (other != at) list.insert(name[other]);
    }
    list.erase(name[at]);
    lists[name[at]].assign(list.begin(), list.end());
  }
  return lists;
}

std::vector<uint32_t> bisect(const BuildGraph& graph, uint32_t threads, uint32_t page_nodes = 30) {
  ThreadPool pool(threads);
  CancelFlag cancel;
  auto order = bisection_order(graph, page_nodes, pool, cancel);
  EXPECT_TRUE(order.ok()) << order.status().message();
  return std::move(order).value();
}

void expect_permutation(const std::vector<uint32_t>& order, size_t rows) {
  ASSERT_EQ(order.size(), rows);
  std::vector<uint32_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (uint32_t i = 0; i < rows; ++i) ASSERT_EQ(sorted[i], i);
}

double bits_per_edge(const BuildGraph& graph, uint32_t degree, const std::vector<uint32_t>& node_at) {
  std::vector<uint32_t> place(node_at.size());
  for (uint32_t i = 0; i < node_at.size(); ++i) place[node_at[i]] = i;
  Lists lists(node_at.size());
  for (uint32_t i = 0; i < node_at.size(); ++i) {
    for (const uint32_t neighbour : graph.list(node_at[i])) lists[i].push_back(place[neighbour]);
  }
  ThreadPool pool(2);
  const auto packed = PackedGraph::pack(
      lists.size(), degree, [&](uint32_t node) { return std::span<const uint32_t>(lists[node]); }, pool);
  EXPECT_TRUE(packed.ok());
  return packed.value().bits_per_edge();
}

TEST(BisectionOrder, IsAPermutationOfAnyNumberOfNodes) {
  for (const uint32_t rows : {1u, 2u, 3u, 7u, 8u, 9u, 16u, 17u, 100u, 1023u, 2000u}) {
    for (const uint32_t page_nodes : {1u, 2u, 7u, 60u, 5000u}) {
      SCOPED_TRACE(format("%u rows, %u a page", rows, page_nodes));
      expect_permutation(bisect(make_graph(shuffled_ring(rows, 6, rows), 6), 2, page_nodes), rows);
    }
  }
}

TEST(BisectionOrder, IsTheSameForAnyThreadCount) {
  const BuildGraph graph = make_graph(shuffled_ring(5000, 12, 3), 12);
  const auto one = bisect(graph, 1);
  EXPECT_EQ(bisect(graph, 2), one);
  EXPECT_EQ(bisect(graph, 3), one);
}

// As though the graph had been renumbered by that order before.
TEST(BisectionOrder, BeginsWithAnyOrder) {
  const uint32_t rows = 3000;
  const Lists lists = shuffled_ring(rows, 12, 9);
  std::vector<uint32_t> start(rows), place_of(rows);
  std::iota(start.begin(), start.end(), 0u);
  Prng prng(2);
  for (size_t i = rows; i > 1; --i) std::swap(start[i - 1], start[prng.below(i)]);
  for (uint32_t place = 0; place < rows; ++place) place_of[start[place]] = place;
  Lists renumbered(rows);
  for (uint32_t place = 0; place < rows; ++place) {
    for (const uint32_t neighbour : lists[start[place]]) renumbered[place].push_back(place_of[neighbour]);
  }
  std::vector<uint32_t> expected = bisect(make_graph(renumbered, 12), 2);
  for (uint32_t& place : expected) place = start[place];
  ThreadPool pool(2);
  EXPECT_EQ(bisection_order_from(start, make_graph(lists, 12), 30, pool, CancelFlag()).value(), expected);
}

TEST(BisectionOrder, FindsAHiddenOrder) {
  const BuildGraph graph = make_graph(shuffled_ring(6000, 16, 5), 16);
  std::vector<uint32_t> shuffled(6000);
  std::iota(shuffled.begin(), shuffled.end(), 0u);
  EXPECT_LT(bits_per_edge(graph, 16, bisect(graph, 2)), 0.6 * bits_per_edge(graph, 16, shuffled));
}

TEST(BisectionOrder, PacksABuiltGraphBetterThanTheRowsOwnOrder) {
  const testing::VectorSet set = testing::make_vectors({.rows = 3000, .dim = 8, .seed = 7, .clusters = 60});
  ThreadPool pool(2);
  CancelFlag cancel;
  const BuildSpace space(set.bytes.data(), set.rows, set.dim, set.element, Metric::kL2, pool);
  VamanaParams params;
  params.prune.degree = 16;
  params.build_list = 40;
  const auto built = build_vamana(space, params, pool, cancel, [](uint64_t, uint64_t) {});
  ASSERT_TRUE(built.ok());
  std::vector<uint32_t> own(set.rows);
  std::iota(own.begin(), own.end(), 0u);
  EXPECT_LT(bits_per_edge(built->graph, 16, bisect(built->graph, 2)), bits_per_edge(built->graph, 16, own) - 2);
}

// Groups as large as a page, all of whose nodes name each other, over a hundred pages: each ends on a few.
TEST(BisectionOrder, WhatBelongsTogetherEndsOnFewPages) {
  constexpr uint32_t kPage = 16, kGroups = 100;
  Prng prng(3);
  std::vector<uint32_t> name(kPage * kGroups);
  std::iota(name.begin(), name.end(), 0u);
  for (size_t i = name.size(); i > 1; --i) std::swap(name[i - 1], name[prng.below(i)]);
  Lists lists(name.size());
  for (uint32_t i = 0; i < name.size(); ++i) {
    for (uint32_t other = i / kPage * kPage; other < (i / kPage + 1) * kPage; ++other) {
      if (other != i) lists[name[i]].push_back(name[other]);
    }
  }
  const auto order = bisect(make_graph(lists, kPage), 2, kPage);
  std::vector<uint32_t> place(order.size());
  for (uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  size_t pages = 0;
  for (uint32_t group = 0; group < kGroups; ++group) {
    std::set<uint32_t> distinct;
    for (uint32_t i = 0; i < kPage; ++i) distinct.insert(place[name[group * kPage + i]] / kPage);
    pages += distinct.size();
  }
  EXPECT_LT(pages, kGroups * 5 / 2);
}

// Lists as long as they may be: counts a list and its halves must hold them.
TEST(BisectionOrder, HoldsTheLongestLists) {
  const BuildGraph graph = make_graph(shuffled_ring(600, kMaxDegree, 9), kMaxDegree);
  expect_permutation(bisect(graph, 2), 600);
}

TEST(BisectionOrder, StopsWhenCancelled) {
  const BuildGraph graph = make_graph(shuffled_ring(600, 8, 1), 8);
  ThreadPool pool(1);
  CancelFlag cancel;
  cancel.cancel();
  EXPECT_EQ(bisection_order(graph, 30, pool, cancel).status().code(), Code::kAborted);
}

TEST(BreadthFirstOrder, IsByDistanceFromTheEntry) {
  const BuildGraph graph = make_graph({{4}, {3}, {}, {0}, {2}, {6, 1, 3}, {2, 5}}, 4);
  EXPECT_EQ(breadth_first_order(graph, 5), (std::vector<uint32_t>{5, 6, 1, 3, 2, 0, 4}));
}

TEST(BreadthFirstOrder, IsAPermutation) {
  expect_permutation(breadth_first_order(make_graph(shuffled_ring(2000, 6, 2), 6), 77), 2000);
  expect_permutation(breadth_first_order(make_graph({{}}, 4), 0), 1);
}

}  // namespace
}  // namespace vamana
