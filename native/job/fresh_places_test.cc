// Where fresh rows go in the order that a merge's reorder starts from.
#include "job/fresh_places.h"

#include <gtest/gtest.h>

namespace vamana {
namespace {

BuildGraph make_graph(const std::vector<std::vector<uint32_t>>& lists) {
  auto graph = BuildGraph::create(lists.size(), 8);
  EXPECT_TRUE(graph.ok());
  for (uint32_t node = 0; node < lists.size(); ++node) graph->set(node, lists[node]);
  return std::move(graph).value();
}

TEST(FreshPlaces, BehindTheirNearest) {
  // 0 to 3 are kept. 4 names 2 first, 5 names 0, 6 names 2 behind a fresh one, 7 only fresh ones, 8 nothing.
  const BuildGraph graph = make_graph({{4}, {}, {}, {}, {2, 0}, {0}, {8, 2, 3}, {8, 5}, {}});
  EXPECT_EQ(places_of_fresh(graph, 4), (std::vector<uint32_t>{0, 5, 7, 1, 2, 4, 6, 3, 8}));
}

TEST(FreshPlaces, OfNoneOrOnlyFresh) {
  EXPECT_EQ(places_of_fresh(make_graph({{1}, {0}}), 2), (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(places_of_fresh(make_graph({{1}, {0}}), 0), (std::vector<uint32_t>{0, 1}));
}

// A chain of fresh rows of which only the last names a kept one: each round of looking again takes those behind along.
TEST(FreshPlaces, FollowsFreshNeighbours) {
  const BuildGraph graph = make_graph({{}, {}, {3}, {4}, {5}, {0}});
  EXPECT_EQ(places_of_fresh(graph, 2), (std::vector<uint32_t>{0, 3, 4, 5, 1, 2}));
}

}  // namespace
}  // namespace vamana
