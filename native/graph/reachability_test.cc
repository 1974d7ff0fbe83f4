// Reachability counted and repaired on graphs broken by hand.
#include "graph/reachability.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/prng.h"
#include "testing/synthetic.h"

namespace vamana {
namespace {

using testing::VectorSet;
using Lists = std::vector<std::vector<uint32_t>>;

BuildGraph make_graph(const Lists& lists, uint32_t places) {
  auto graph = BuildGraph::create(lists.size(), places);
  EXPECT_TRUE(graph.ok());
  for (uint32_t node = 0; node < lists.size(); ++node) graph->set(node, lists[node]);
  return std::move(graph).value();
}

std::vector<bool> reach(const BuildGraph& graph, uint32_t entry) {
  std::vector<bool> reached(graph.rows(), false);
  mark_reachable(
      entry, [&](uint32_t node) { return graph.list(node); }, reached);
  return reached;
}

// Repairs, and checks all that make_reachable promises. Returns how many it linked.
uint64_t repair(const VectorSet& set, BuildGraph& graph, uint32_t degree, uint32_t entry, Metric metric = Metric::kL2) {
  ThreadPool pool(1);
  const BuildSpace space(set.bytes.data(), set.rows, set.dim, set.element, metric, pool);
  const std::vector<bool> before = reach(graph, entry);
  const auto lost = static_cast<uint64_t>(std::count(before.begin(), before.end(), false));
  const uint64_t linked = make_reachable(space, {degree, 1.2f}, 20, entry, graph);
  EXPECT_LE(linked, lost);
  const std::vector<bool> after = reach(graph, entry);
  EXPECT_EQ(std::count(after.begin(), after.end(), false), 0);
  for (uint32_t node = 0; node < graph.rows(); ++node) {
    const auto list = graph.list(node);
    EXPECT_LE(list.size(), degree) << "node " << node;
    const std::set<uint32_t> distinct(list.begin(), list.end());
    EXPECT_EQ(distinct.size(), list.size()) << "node " << node;
    EXPECT_FALSE(distinct.contains(node)) << "node " << node;
  }
  return linked;
}

// `parts` rings of nodes in turn (node i belongs to part i % parts), each node naming the next `degree`.
Lists separate_rings(uint32_t rows, uint32_t parts, uint32_t degree) {
  Lists lists(rows);
  for (uint32_t node = 0; node < rows; ++node) {
    for (uint32_t step = 1; step <= degree; ++step) {
      const uint32_t other = (node + step * parts) % rows;
      if (other != node && std::find(lists[node].begin(), lists[node].end(), other) == lists[node].end())
        lists[node].push_back(other);
    }
  }
  return lists;
}

TEST(MarkReachable, CountsWhatIsNewOnly) {
  const BuildGraph graph = make_graph({{1}, {0}, {3}, {2, 1}, {}}, 4);
  const auto neighbours = [&](uint32_t node) { return graph.list(node); };
  std::vector<bool> reached(5, false);
  EXPECT_EQ(mark_reachable(0, neighbours, reached), 2u);
  EXPECT_EQ(mark_reachable(1, neighbours, reached), 0u);
  EXPECT_EQ(mark_reachable(2, neighbours, reached), 2u);
  EXPECT_EQ(mark_reachable(4, neighbours, reached), 1u);
  EXPECT_EQ(std::count(reached.begin(), reached.end(), true), 5);
}

TEST(MakeReachable, LeavesAWholeGraphAlone) {
  const VectorSet set = testing::make_vectors({.rows = 60, .dim = 4});
  BuildGraph graph = make_graph(separate_rings(60, 1, 3), 6);
  const BuildGraph same = make_graph(separate_rings(60, 1, 3), 6);
  EXPECT_EQ(repair(set, graph, 4, 0), 0u);
  for (uint32_t node = 0; node < 60; ++node) {
    const auto a = graph.list(node), b = same.list(node);
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
  }
}

TEST(MakeReachable, JoinsComponentsWithOneLinkEach) {
  const VectorSet set = testing::make_vectors({.rows = 600, .dim = 4, .seed = 2});
  BuildGraph graph = make_graph(separate_rings(600, 6, 3), 6);
  EXPECT_EQ(repair(set, graph, 5, 17), 5u);
}

// No list has room: every link must be threaded through an edge that is there, and lose nothing behind it.
TEST(MakeReachable, JoinsComponentsWhoseListsAreFull) {
  for (const uint32_t degree : {4u, 5u}) {
    const VectorSet set = testing::make_vectors({.rows = 600, .dim = 4, .seed = degree});
    BuildGraph graph = make_graph(separate_rings(600, 6, degree), degree);
    EXPECT_EQ(repair(set, graph, degree, 3), 5u);
  }
}

TEST(MakeReachable, LinksNodesThatNobodyNames) {
  // Half of the nodes are named by none; all lists are full and point into the other half.
  const VectorSet set = testing::make_vectors({.rows = 400, .dim = 4, .seed = 9});
  Lists lists(400);
  Prng prng(4);
  for (uint32_t node = 0; node < 400; ++node) {
    std::set<uint32_t> list{(node + 1) % 200};
    while (list.size() < 4) list.insert(static_cast<uint32_t>(prng.below(200)));
    list.erase(node);
    lists[node].assign(list.begin(), list.end());
  }
  BuildGraph graph = make_graph(lists, 4);
  EXPECT_EQ(repair(set, graph, 4, 0), 200u);
}

TEST(MakeReachable, NodesWithoutAnyEdge) {
  const VectorSet set = testing::make_vectors({.rows = 200, .dim = 4, .seed = 12});
  BuildGraph graph = make_graph(Lists(200), 4);
  EXPECT_EQ(repair(set, graph, 4, 100), 199u);
}

TEST(MakeReachable, EqualPointsInManyComponents) {
  const VectorSet set = testing::vectors_of(Element::kU8, 2, std::vector<float>(1000, 3));
  BuildGraph graph = make_graph(separate_rings(500, 50, 4), 4);
  repair(set, graph, 4, 0);
}

TEST(MakeReachable, RandomGraphsThinEnoughToFallApart) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(format("seed %llu", static_cast<unsigned long long>(seed)));
    Prng prng(seed);
    const auto rows = static_cast<uint32_t>(20 + prng.below(200));
    const VectorSet set = testing::make_vectors({.rows = rows, .dim = 3, .seed = seed, .duplicates = 0.3});
    Lists lists(rows);
    for (uint32_t node = 0; node < rows; ++node) {
      std::set<uint32_t> list;
      for (uint64_t i = prng.below(5); i > 0; --i) list.insert(static_cast<uint32_t>(prng.below(rows)));
      list.erase(node);
      lists[node].assign(list.begin(), list.end());
    }
    BuildGraph graph = make_graph(lists, 4);
    repair(set, graph, 4, static_cast<uint32_t>(prng.below(rows)), static_cast<Metric>(seed % kMetricCount));
  }
}

// Distances that are not in RAM, here by the number of the row, and that fail after `good` of them.
class CountedDistances final : public NodeDistances {
 public:
  explicit CountedDistances(int good) : good_(good) {}
  float distance(uint32_t node, uint32_t target) const override {
    if (good_-- <= 0) failed_ = Status(Code::kIo, "the disk is gone");
    return node > target ? static_cast<float>(node - target) : static_cast<float>(target - node);
  }
  Status status() const override { return failed_; }

 private:
  mutable int good_;
  mutable Status failed_;
};

TEST(MakeReachable, FromSeveralEntriesEachKeepsItsComponent) {
  // Four rings, two of them entered: the other two are linked, one node each.
  BuildGraph graph = make_graph(separate_rings(400, 4, 4), 4);
  CancelFlag cancel;
  const std::vector<uint32_t> entries{0, 1};
  const auto linked = make_reachable(CountedDistances(1 << 30), {4, 1.2f}, 20, entries, graph, cancel);
  ASSERT_TRUE(linked.ok());
  EXPECT_EQ(linked.value(), 2u);
  std::vector<bool> reached(400, false);
  uint64_t count = 0;
  for (const uint32_t entry : entries) {
    count += mark_reachable(
        entry, [&](uint32_t node) { return graph.list(node); }, reached);
  }
  EXPECT_EQ(count, 400u);
}

TEST(MakeReachable, EndsWhenCancelledOrWhenDistancesFail) {
  const std::vector<uint32_t> entries{0};
  BuildGraph graph = make_graph(separate_rings(400, 4, 4), 4);
  CancelFlag cancel;
  const auto failed = make_reachable(CountedDistances(10), {4, 1.2f}, 20, entries, graph, cancel);
  EXPECT_EQ(failed.status().code(), Code::kIo);
  cancel.cancel();
  BuildGraph another = make_graph(separate_rings(400, 4, 4), 4);
  const auto stopped = make_reachable(CountedDistances(1 << 30), {4, 1.2f}, 20, entries, another, cancel);
  EXPECT_EQ(stopped.status().code(), Code::kAborted);
}

}  // namespace
}  // namespace vamana
