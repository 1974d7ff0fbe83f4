// Graphs without their dead, against the algorithm written down the short way.
#include "graph/graph_repair.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/prng.h"
#include "graph/packed_graph.h"
#include "graph/reachability.h"
#include "graph/vamana_builder.h"
#include "testing/synthetic.h"

namespace vamana {
namespace {

using testing::VectorSet;
using Lists = std::vector<std::vector<uint32_t>>;

constexpr uint32_t kDegree = 12;

// A graph, and vectors by the numbers that survivors get.
struct Case {
  VectorSet set;
  Lists lists;
  std::vector<uint32_t> dead;
  uint32_t entry = 0;
};

Case built_case(uint64_t seed, uint32_t rows, uint64_t dead_percent, Metric metric = Metric::kL2) {
  Case out;
  out.set = testing::make_vectors({.rows = rows, .dim = 8, .seed = seed, .duplicates = 0.05});
  ThreadPool pool(2);
  const CancelFlag cancel;
  const BuildSpace space(out.set.bytes.data(), rows, 8, Element::kF32, metric, pool);
  VamanaParams params;
  params.prune = {kDegree, 1.2f};
  params.build_list = 30;
  const auto built = build_vamana(space, params, pool, cancel, [](uint64_t, uint64_t) {}).value();
  for (uint32_t node = 0; node < rows; ++node) {
    const auto list = built.graph.list(node);
    out.lists.emplace_back(list.begin(), list.end());
  }
  out.entry = built.medoid;
  Prng prng(seed);
  for (uint32_t node = 0; node < rows; ++node) {
    if (prng.below(100) < dead_percent) out.dead.push_back(node);
  }
  return out;
}

OldLists old_lists(const Lists& lists) {
  return [&lists](uint32_t node, uint32_t* out) {
    std::copy(lists[node].begin(), lists[node].end(), out);
    return static_cast<uint32_t>(lists[node].size());
  };
}

VectorSet survivors_of(const VectorSet& set, const Survivors& survivors) {
  VectorSet out{static_cast<uint32_t>(survivors.old_of.size()), set.dim, set.element, {}};
  for (const uint32_t old : survivors.old_of) {
    out.bytes.insert(out.bytes.end(), set.row(old), set.row(old) + set.row_bytes());
  }
  return out;
}

struct Repaired {
  Survivors survivors;
  VectorSet set;
  BuildGraph graph;
  RepairedLists result;
};

Repaired repair(const Case& given, uint32_t threads, Metric metric = Metric::kL2) {
  Repaired out;
  ThreadPool pool(threads);
  const CancelFlag cancel;
  out.survivors = Survivors::of(given.lists.size(), BitChunks().with(given.dead));
  out.set = survivors_of(given.set, out.survivors);
  out.graph = BuildGraph::create(out.set.rows, build_places(kDegree)).value();
  const BuildSpace space(out.set.bytes.data(), out.set.rows, out.set.dim, out.set.element, metric, pool);
  ExactPruner pruner(space, {kDegree, 1.2f}, out.graph, pool);
  uint64_t last = 0;
  auto result = repair_lists(old_lists(given.lists), out.survivors, kDegree, out.graph, pruner, pool, cancel,
                             [&](uint64_t done, uint64_t of) {
                               EXPECT_GT(done, last);
                               EXPECT_EQ(of, out.set.rows);
                               last = done;
                             });
  EXPECT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(last, out.set.rows);
  out.result = std::move(result).value();
  return out;
}

// FreshDiskANN's algorithm 4 for one node, by sets.
std::set<uint32_t> naive_list(const Case& given, const Repaired& repaired, uint32_t node, Metric metric, bool* lost) {
  const auto& new_of = repaired.survivors.new_of;
  std::set<uint32_t> candidates;
  *lost = false;
  for (const uint32_t neighbour : given.lists[repaired.survivors.old_of[node]]) {
    if (new_of[neighbour] != kGone) {
      candidates.insert(new_of[neighbour]);
      continue;
    }
    *lost = true;
    for (const uint32_t behind : given.lists[neighbour]) {
      if (new_of[behind] != kGone && new_of[behind] != node) candidates.insert(new_of[behind]);
    }
  }
  if (candidates.size() <= kDegree) return candidates;
  ThreadPool pool(1);
  const BuildSpace space(repaired.set.bytes.data(), repaired.set.rows, repaired.set.dim, repaired.set.element, metric,
                         pool);
  std::vector<Candidate> list;
  for (const uint32_t candidate : candidates) list.push_back({space.distance(candidate, node), candidate, false});
  std::vector<uint32_t> kept;
  robust_prune(space, node, {kDegree, 1.2f}, list, kept);
  return {kept.begin(), kept.end()};
}

std::set<uint32_t> as_set(std::span<const uint32_t> list) { return {list.begin(), list.end()}; }

void expect_as_naive(const Case& given, Metric metric = Metric::kL2) {
  const Repaired repaired = repair(given, 2, metric);
  uint64_t lost_nodes = 0;
  std::vector<uint32_t> orphans;
  for (uint32_t node = 0; node < repaired.set.rows; ++node) {
    bool lost = false;
    const auto expected = naive_list(given, repaired, node, metric, &lost);
    ASSERT_EQ(as_set(repaired.graph.list(node)), expected) << "node " << node;
    ASSERT_EQ(repaired.graph.list(node).size(), expected.size()) << "node " << node;
    lost_nodes += lost;
    if (lost && expected.size() < orphan_candidates(kDegree)) orphans.push_back(node);
  }
  EXPECT_EQ(repaired.result.repaired, lost_nodes);
  EXPECT_EQ(repaired.result.orphans, orphans);
}

TEST(GraphRepair, IsTheAlgorithmOfThePaper) {
  for (const uint64_t percent : {1u, 10u, 30u, 60u, 95u}) {
    SCOPED_TRACE(format("%llu%% dead", static_cast<unsigned long long>(percent)));
    expect_as_naive(built_case(percent, 900, percent));
  }
  for (size_t m = 0; m < kMetricCount; ++m) {
    const auto metric = static_cast<Metric>(m);
    expect_as_naive(built_case(7 + m, 400, 30, metric), metric);
  }
}

TEST(GraphRepair, LeavesAloneWhatLostNothing) {
  Case given = built_case(3, 500, 0);
  const Repaired whole = repair(given, 2);
  EXPECT_EQ(whole.result.repaired, 0u);
  EXPECT_TRUE(whole.result.orphans.empty());
  for (uint32_t node = 0; node < 500; ++node) {
    const auto list = whole.graph.list(node);
    EXPECT_EQ(std::vector<uint32_t>(list.begin(), list.end()), given.lists[node]);
  }
}

TEST(GraphRepair, SameListsForAnyThreadCount) {
  const Case given = built_case(11, 9000, 25);
  const Repaired one = repair(given, 1);
  for (const uint32_t threads : {2u, 5u}) {
    const Repaired many = repair(given, threads);
    EXPECT_EQ(many.result.orphans, one.result.orphans);
    for (uint32_t node = 0; node < one.set.rows; ++node) {
      const auto a = one.graph.list(node), b = many.graph.list(node);
      ASSERT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << threads << " threads, node " << node;
    }
  }
}

// A star: the one node that all others name dies, and with it everything that they know of each other but it.
TEST(GraphRepair, JoinsTheNeighboursOfAHub) {
  Case given;
  given.set = testing::make_vectors({.rows = 9, .dim = 3, .seed = 4, .duplicates = 0});
  given.lists.resize(9);
  for (uint32_t node = 1; node < 9; ++node) {
    given.lists[0].push_back(node);
    given.lists[node] = {0};
  }
  given.dead = {0};
  const Repaired repaired = repair(given, 1);
  for (uint32_t node = 0; node < 8; ++node) EXPECT_EQ(repaired.graph.list(node).size(), 7u);
}

TEST(GraphRepair, NamesOrphansWhoseWholeSurroundingsDied) {
  Case given;
  given.set = testing::make_vectors({.rows = 6, .dim = 3, .seed = 4});
  // 0 and 1 know only 2 and 3, which know only each other and them.
  given.lists = {{2, 3}, {2}, {0, 1, 3}, {0, 2}, {5}, {4}};
  given.dead = {2, 3};
  const Repaired repaired = repair(given, 1);
  EXPECT_EQ(repaired.result.orphans, (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(as_set(repaired.graph.list(0)), (std::set<uint32_t>{1}));
  EXPECT_EQ(as_set(repaired.graph.list(2)), (std::set<uint32_t>{3}));
}

TEST(GraphRepair, NeverGivesAPrunerMoreThanItTakes) {
  // A node of 40 dead neighbours, each naming 100 others: 4000 candidates.
  Lists lists(4041);
  for (uint32_t i = 1; i <= 40; ++i) {
    lists[0].push_back(i);
    for (uint32_t k = 0; k < 100; ++k) lists[i].push_back(41 + (i - 1) * 100 + k);
  }
  class Counting final : public ListPruner {
   public:
    Status add(uint32_t, std::span<const uint32_t> candidates) override {
      EXPECT_EQ(candidates.size(), kPruneCandidatesMax);
      EXPECT_TRUE(std::adjacent_find(candidates.begin(), candidates.end()) == candidates.end());
      EXPECT_GT(candidates.back(), 3900u);  // to the last stretch of them
      ++lists_given;
      return Status();
    }
    Status finish() override { return Status(); }
    int lists_given = 0;
  } counting;
  std::vector<uint32_t> dead(40);
  for (uint32_t i = 0; i < 40; ++i) dead[i] = i + 1;
  const Survivors survivors = Survivors::of(4041, BitChunks().with(dead));
  BuildGraph graph = BuildGraph::create(survivors.old_of.size(), 60).value();
  ThreadPool pool(1);
  ASSERT_TRUE(
      repair_lists(old_lists(lists), survivors, 40, graph, counting, pool, CancelFlag(), [](uint64_t, uint64_t) {
      }).ok());
  EXPECT_EQ(counting.lists_given, 1);
}

TEST(GraphRepair, StopsWhenCancelledAndWhenThePrunerFails) {
  const Case given = built_case(5, 600, 30);
  const Survivors survivors = Survivors::of(600, BitChunks().with(given.dead));
  BuildGraph graph = BuildGraph::create(survivors.old_of.size(), build_places(kDegree)).value();
  class Failing final : public ListPruner {
   public:
    Status add(uint32_t, std::span<const uint32_t>) override { return Status(Code::kIo, "no"); }
    Status finish() override { return Status(); }
  } failing;
  ThreadPool pool(2);
  CancelFlag cancel;
  const auto run = [&] {
    return repair_lists(old_lists(given.lists), survivors, kDegree, graph, failing, pool, cancel,
                        [](uint64_t, uint64_t) {})
        .status()
        .code();
  };
  EXPECT_EQ(run(), Code::kIo);
  cancel.cancel();
  EXPECT_EQ(run(), Code::kAborted);
}

TEST(SurvivingEntries, KeepsTheLivingAndFindsOthersNearTheDead) {
  const Lists lists = {{1}, {2, 3}, {4}, {0}, {1}, {}};
  const auto entries = [&](const std::vector<uint32_t>& dead, const std::vector<uint32_t>& given) {
    const Survivors survivors = Survivors::of(6, BitChunks().with(dead));
    std::vector<uint32_t> old;
    for (const uint32_t entry : surviving_entries(old_lists(lists), survivors, given)) {
      old.push_back(survivors.old_of[entry]);
    }
    return old;
  };
  EXPECT_EQ(entries({}, {2, 4}), (std::vector<uint32_t>{2, 4}));
  EXPECT_EQ(entries({0}, {0}), std::vector<uint32_t>{1});
  EXPECT_EQ(entries({1}, {1}), std::vector<uint32_t>{2});
  EXPECT_EQ(entries({1, 2, 3}, {1}), std::vector<uint32_t>{4});
  EXPECT_EQ(entries({0, 1}, {0, 2}), std::vector<uint32_t>{2});        // once, though both lead there
  EXPECT_EQ(entries({0, 1, 2, 3, 4}, {0}), std::vector<uint32_t>{5});  // nothing else lives
}

}  // namespace
}  // namespace vamana
