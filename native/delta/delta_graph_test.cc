// Lists of a delta's graph as one thread sees them; delta_threads_test.cc has many.
#include "delta/delta_graph.h"

#include <gtest/gtest.h>

#include <vector>

namespace vamana {
namespace {

std::vector<uint32_t> neighbours(const DeltaGraph& graph, uint32_t slot) {
  std::vector<uint32_t> all;
  for (const uint32_t neighbour : graph.list(slot)) all.push_back(neighbour);
  return all;
}

TEST(DeltaGraph, ListsAreSetPushedAndReplaced) {
  DeltaMemory memory(4, Element::kU8, Metric::kL2, 6);
  ASSERT_TRUE(memory.reserve(10).ok());
  const DeltaGraph graph(memory);
  EXPECT_EQ(graph.list(3).size(), 0u);
  graph.push(3, 8);
  graph.push(3, 2);
  EXPECT_EQ(neighbours(graph, 3), (std::vector<uint32_t>{8, 2}));
  graph.set(3, std::vector<uint32_t>{5, 6, 7});
  EXPECT_EQ(neighbours(graph, 3), (std::vector<uint32_t>{5, 6, 7}));
  graph.replace(3, 6, 9);
  EXPECT_EQ(neighbours(graph, 3), (std::vector<uint32_t>{5, 9, 7}));
  graph.set(3, {});
  EXPECT_EQ(graph.list(3).size(), 0u);
  EXPECT_EQ(graph.list(2).size(), 0u);
  EXPECT_EQ(graph.list(4).size(), 0u);
}

// What a reader holds is the list of one moment: a later push does not lengthen it.
TEST(DeltaGraph, AListTakenKeepsItsLength) {
  DeltaMemory memory(4, Element::kU8, Metric::kL2, 6);
  ASSERT_TRUE(memory.reserve(10).ok());
  const DeltaGraph graph(memory);
  graph.set(0, std::vector<uint32_t>{1, 2});
  const LinkList taken = graph.list(0);
  graph.push(0, 3);
  EXPECT_EQ(taken.size(), 2u);
  EXPECT_EQ(graph.list(0).size(), 3u);
}

}  // namespace
}  // namespace vamana
