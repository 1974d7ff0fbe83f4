// The walk against a greedy search that keeps its candidates in a sorted vector and scores them one by one.
#include "search/walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/prng.h"
#include "codec/pq.h"
#include "testing/synthetic.h"

namespace vamana {
namespace {

using testing::VectorSet;
using Lists = std::vector<std::vector<uint32_t>>;

Lists random_lists(uint32_t rows, uint32_t degree, uint64_t seed) {
  Prng prng(seed);
  Lists lists(rows);
  for (uint32_t node = 0; node < rows; ++node) {
    std::set<uint32_t> list{(node + 1) % rows};
    while (list.size() < 1 + prng.below(degree)) list.insert(static_cast<uint32_t>(prng.below(rows)));
    list.erase(node);
    lists[node].assign(list.begin(), list.end());
  }
  return lists;
}

PackedGraph pack(const Lists& lists, uint32_t degree) {
  ThreadPool pool(1);
  auto packed = PackedGraph::pack(
      lists.size(), degree, [&](uint32_t node) { return std::span(lists[node]); }, pool);
  EXPECT_TRUE(packed.ok());
  return std::move(packed).value();
}

struct NaiveResult {
  std::vector<Candidate> beam;
  uint32_t hops = 0;
  uint32_t scored = 0;
};

template <typename Score>
NaiveResult naive_walk(const Lists& lists, const std::vector<uint32_t>& entries, size_t list_size, const Score& score) {
  NaiveResult result;
  std::set<uint32_t> seen;
  const auto offer = [&](uint32_t node) {
    if (!seen.insert(node).second) return;
    ++result.scored;
    const Candidate fresh{score(node), node, false};
    if (result.beam.size() == list_size && !(fresh.distance < result.beam.back().distance)) return;
    result.beam.push_back(fresh);
    std::sort(result.beam.begin(), result.beam.end(),
              [](const Candidate& a, const Candidate& b) { return a.before(b); });
    if (result.beam.size() > list_size) result.beam.pop_back();
  };
  for (const uint32_t entry : entries) offer(entry);
  for (;;) {
    const auto next =
        std::find_if(result.beam.begin(), result.beam.end(), [](const Candidate& c) { return !c.expanded; });
    if (next == result.beam.end()) return result;
    next->expanded = true;
    ++result.hops;
    const auto& list = lists[next->node];  // before inserts move the candidates
    for (const uint32_t neighbour : list) offer(neighbour);
  }
}

void expect_equal(const WalkScratch& scratch, const NaiveResult& naive) {
  ASSERT_EQ(scratch.beam.size(), naive.beam.size());
  for (size_t i = 0; i < naive.beam.size(); ++i) {
    ASSERT_EQ(scratch.beam[i].node, naive.beam[i].node) << "place " << i;
    ASSERT_EQ(scratch.beam[i].distance, naive.beam[i].distance) << "place " << i;
  }
  EXPECT_EQ(scratch.hops, naive.hops);
  EXPECT_EQ(scratch.scored, naive.scored);
}

// Codes of a small set, and the distances on them.
struct Coded {
  explicit Coded(const VectorSet& set, Metric metric, uint32_t code_bytes) {
    ThreadPool pool(1);
    CancelFlag cancel;
    std::vector<float> sample;
    for (uint32_t i = 0; i < set.rows; ++i) {
      auto row = set.widened(i);
      if (metric == Metric::kCosine) normalise(row.data(), row.size());
      sample.insert(sample.end(), row.begin(), row.end());
    }
    codec = PqCodec::train(sample.data(), set.rows, set.dim, metric, code_bytes, 1, pool, cancel).value();
    layout = code_layout(code_bytes);
    bytes.resize(code_area_bytes(layout, set.rows));
    layout.codes = bytes.data();
    for (uint32_t i = 0; i < set.rows; ++i)
      codec->encode(sample.data() + size_t{i} * set.dim, bytes.data() + (layout.code(i) - bytes.data()));
  }

  std::vector<float> table_for(std::vector<float> query, Metric metric) const {
    if (metric == Metric::kCosine) normalise(query.data(), query.size());
    std::vector<float> table(codec->query_floats());
    codec->prepare(query.data(), table.data());
    return table;
  }

  std::unique_ptr<PqCodec> codec;
  CodeLayout layout;
  std::vector<uint8_t> bytes;
};

TEST(Walk, IsANaiveGreedySearchOnCodes) {
  WalkScratch scratch;  // one for all: nothing of a walk may show in the next
  for (size_t m = 0; m < kMetricCount; ++m) {
    const auto metric = static_cast<Metric>(m);
    // Codes of two bytes and duplicates: many equal distances.
    const testing::SyntheticOptions options{.rows = 500, .dim = 8, .seed = m + 3, .duplicates = 0.2};
    const VectorSet set = make_vectors(options), queries = make_queries(options, 3);
    const Lists lists = random_lists(set.rows, 12, m + 1);
    const PackedGraph graph = pack(lists, 12);
    const Coded coded(set, metric, m % 2 == 0 ? 2 : 8);
    for (uint32_t q = 0; q < queries.rows; ++q) {
      const auto table = coded.table_for(queries.widened(q), metric);
      const CodeDistance distance(*coded.codec, coded.layout, table.data());
      const auto score = [&](uint32_t node) {
        float out = 0;
        distance(&node, 1, &out);
        return out;
      };
      for (const size_t list_size : {1u, 2u, 10u, 64u, 500u, 2000u}) {
        for (const std::vector<uint32_t>& entries : {std::vector<uint32_t>{5}, {400, 3, 3, 77, 400}}) {
          SCOPED_TRACE(format("metric %zu, query %u, list size %zu, %zu entries", m, q, list_size, entries.size()));
          ASSERT_TRUE(walk(graph, entries, distance, list_size, nullptr, scratch));
          expect_equal(scratch, naive_walk(lists, entries, list_size, score));
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// Any distance will do; this one is of the numbers themselves, and can cancel.
struct LineDistance {
  float target;
  CancelFlag* cancel = nullptr;
  uint32_t cancel_at = 0;

  void prefetch(uint32_t) const {}
  void operator()(const uint32_t* nodes, size_t count, float* out) const {
    for (size_t i = 0; i < count; ++i) {
      out[i] = std::abs(static_cast<float>(nodes[i]) - target);
      if (cancel != nullptr && nodes[i] == cancel_at) cancel->cancel();
    }
  }
};

Lists line_of(uint32_t rows) {
  Lists lists(rows);
  for (uint32_t i = 0; i < rows; ++i) {
    if (i > 0) lists[i].push_back(i - 1);
    if (i + 1 < rows) lists[i].push_back(i + 1);
  }
  return lists;
}

TEST(Walk, GoesStraightAlongALine) {
  const PackedGraph graph = pack(line_of(500), 4);
  WalkScratch scratch;
  ASSERT_TRUE(walk(graph, std::vector<uint32_t>{100}, LineDistance{300.25f}, 4, nullptr, scratch));
  ASSERT_EQ(scratch.beam.size(), 4u);
  EXPECT_EQ(scratch.beam[0].node, 300u);
  EXPECT_EQ(scratch.beam[1].node, 301u);
  EXPECT_EQ(scratch.beam[2].node, 299u);
  EXPECT_EQ(scratch.beam[3].node, 302u);
  EXPECT_EQ(scratch.hops, 203u);
}

// Told once, with the nearest in place, before the walk has ended; and not when the beam never holds so many.
TEST(Walk, TellsWhenTheNearestAreSettled) {
  const PackedGraph graph = pack(line_of(500), 4);
  WalkScratch scratch;
  uint32_t told = 0, hops = 0;
  std::vector<uint32_t> nearest;
  const auto on_settled = [&] {
    ++told;
    hops = scratch.hops;
    for (size_t i = 0; i < 4; ++i) nearest.push_back(scratch.beam[i].node);
  };
  ASSERT_TRUE(walk(graph, std::vector<uint32_t>{100}, LineDistance{300.25f}, 40, nullptr, scratch, 6, on_settled));
  EXPECT_EQ(told, 1u);
  EXPECT_EQ(nearest, (std::vector<uint32_t>{300, 301, 299, 302}));
  EXPECT_LT(hops, scratch.hops - 10);
  ASSERT_TRUE(walk(graph, std::vector<uint32_t>{100}, LineDistance{300.25f}, 6, nullptr, scratch, 6, on_settled));
  EXPECT_EQ(told, 1u);
}

// The only way to the live ones leads through the dead.
TEST(Walk, PassesThroughNodesThatDoNotCount) {
  const PackedGraph graph = pack(line_of(500), 4);
  WalkScratch scratch;
  const auto lives = [](uint32_t node) { return node < 120 || node > 320; };
  const auto walk_to = [&](size_t pass_max) {
    return walk_passing(graph, std::vector<uint32_t>{100}, LineDistance{300.25f}, 4, pass_max, lives, nullptr, scratch);
  };
  ASSERT_TRUE(walk_to(1000));
  const CandidateList& found = scratch.passing.counted();
  ASSERT_EQ(found.size(), 4u);
  for (uint32_t i = 0; i < 4; ++i) EXPECT_EQ(found[i].node, 321 + i);
  // With too few steps it answers with what it has.
  ASSERT_TRUE(walk_to(50));
  EXPECT_TRUE(scratch.passing.gave_up());
  EXPECT_EQ(found[0].node, 119u);
}

// Where every node counts it is the plain walk.
TEST(Walk, PassingThroughNothingChangesNothing) {
  const Lists lists = random_lists(400, 12, 9);
  const PackedGraph graph = pack(lists, 12);
  WalkScratch plain, passing;
  const LineDistance distance{200.25f};
  ASSERT_TRUE(walk(graph, std::vector<uint32_t>{3, 77}, distance, 20, nullptr, plain));
  ASSERT_TRUE(walk_passing(
      graph, std::vector<uint32_t>{3, 77}, distance, 20, 100, [](uint32_t) { return true; }, nullptr, passing));
  ASSERT_EQ(passing.passing.counted().size(), plain.beam.size());
  for (size_t i = 0; i < plain.beam.size(); ++i) EXPECT_EQ(passing.passing.counted()[i].node, plain.beam[i].node);
  EXPECT_EQ(passing.hops, plain.hops);
  EXPECT_EQ(passing.scored, plain.scored);
}

TEST(Walk, ASingleNodeIsTheWholeAnswer) {
  const PackedGraph graph = pack({{}}, 4);
  WalkScratch scratch;
  ASSERT_TRUE(walk(graph, std::vector<uint32_t>{0}, LineDistance{1}, 10, nullptr, scratch));
  ASSERT_EQ(scratch.beam.size(), 1u);
  EXPECT_EQ(scratch.hops, 1u);
  EXPECT_EQ(scratch.scored, 1u);
}

TEST(Walk, MostEntriesWithTheLongestLists) {
  const Lists lists = random_lists(400, kMaxDegree, 5);
  const PackedGraph graph = pack(lists, kMaxDegree);
  std::vector<uint32_t> entries;
  for (uint32_t i = 0; i < 32; ++i) entries.push_back(i * 12);
  WalkScratch scratch;
  ASSERT_TRUE(walk(graph, entries, LineDistance{200}, 100, nullptr, scratch));
  const auto naive =
      naive_walk(lists, entries, 100, [](uint32_t node) { return std::abs(static_cast<float>(node) - 200); });
  expect_equal(scratch, naive);
}

TEST(Walk, StopsWhenCancelled) {
  const PackedGraph graph = pack(line_of(5000), 4);
  WalkScratch scratch;
  CancelFlag cancel;
  EXPECT_FALSE(walk(graph, std::vector<uint32_t>{0}, LineDistance{4000, &cancel, 60}, 4, &cancel, scratch));
  EXPECT_LT(scratch.hops, 70u);
  EXPECT_GE(scratch.hops, 59u);
  EXPECT_FALSE(walk(graph, std::vector<uint32_t>{0}, LineDistance{4000}, 4, &cancel, scratch));
  EXPECT_LE(scratch.hops, 1u);
  CancelFlag calm;
  EXPECT_TRUE(walk(graph, std::vector<uint32_t>{0}, LineDistance{4000}, 4, &calm, scratch));
  EXPECT_EQ(scratch.beam[0].node, 4000u);
}

}  // namespace
}  // namespace vamana
