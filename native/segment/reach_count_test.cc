// Reachability on packed graphs against a plain depth-first search.
#include "segment/reach_count.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/prng.h"

namespace vamana {
namespace {

using Lists = std::vector<std::vector<uint32_t>>;

PackedGraph pack(const Lists& lists, uint32_t degree, ThreadPool& pool) {
  auto graph = PackedGraph::pack(
      lists.size(), degree, [&](uint32_t node) { return std::span<const uint32_t>(lists[node]); }, pool);
  EXPECT_TRUE(graph.ok());
  return std::move(graph).value();
}

std::vector<bool> naive_reach(const Lists& lists, const std::vector<uint32_t>& entries) {
  std::vector<bool> reached(lists.size());
  std::vector<uint32_t> open = entries;
  while (!open.empty()) {
    const uint32_t node = open.back();
    open.pop_back();
    if (reached[node]) continue;
    reached[node] = true;
    open.insert(open.end(), lists[node].begin(), lists[node].end());
  }
  return reached;
}

TEST(ReachCount, ConcurrentCountsAgreeWithThePlainSearch) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    Prng prng(seed);
    const uint64_t rows = 1 + prng.below(9000);
    Lists lists(rows);
    for (uint32_t node = 0; node < rows; ++node) {
      // Few edges, so that a good part of the nodes is out of reach.
      for (uint64_t i = prng.below(3); i > 0; --i) {
        const auto other = static_cast<uint32_t>(prng.below(rows));
        if (other != node && std::count(lists[node].begin(), lists[node].end(), other) == 0) {
          lists[node].push_back(other);
        }
      }
    }
    const std::vector<uint32_t> entries = {static_cast<uint32_t>(prng.below(rows)), 0, 0};
    const std::vector<bool> reached = naive_reach(lists, entries);
    const auto missing = static_cast<uint64_t>(std::count(reached.begin(), reached.end(), false));
    CancelFlag cancel;
    for (size_t threads : {1, 3}) {
      ThreadPool pool(threads);
      const auto count = count_unreachable(pack(lists, 2, pool), entries, pool, cancel);
      ASSERT_TRUE(count.ok());
      EXPECT_EQ(count->unreachable, missing);
      if (missing > 0) {
        const auto first = std::find(reached.begin(), reached.end(), false) - reached.begin();
        EXPECT_EQ(count->first_unreachable, static_cast<uint32_t>(first));
      }
    }
  }
}

TEST(ReachCount, AChainIsFollowedToItsEndAndCancellingStops) {
  Lists lists(3000);
  for (uint32_t node = 1; node < lists.size(); ++node) lists[node] = {node - 1};
  ThreadPool pool(1);
  CancelFlag cancel;
  const PackedGraph graph = pack(lists, 2, pool);
  const std::vector<uint32_t> end = {2999}, middle = {1000};
  EXPECT_EQ(count_unreachable(graph, end, pool, cancel)->unreachable, 0u);
  EXPECT_EQ(count_unreachable(graph, middle, pool, cancel)->unreachable, 1999u);
  EXPECT_EQ(count_unreachable(graph, middle, pool, cancel)->first_unreachable, 1001u);
  cancel.cancel();
  EXPECT_EQ(count_unreachable(graph, end, pool, cancel).status().code(), Code::kAborted);
}

}  // namespace
}  // namespace vamana
