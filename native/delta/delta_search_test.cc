// Search of a delta against the truth of a full scan: linked, half linked, not linked; dead and not yet visible rows.
#include "delta/delta_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>

#include "base/prng.h"
#include "testing/filled_delta.h"
#include "testing/naive_search.h"
#include "testing/sanitized.h"

namespace vamana {
namespace {

using testing::filled_delta;
using testing::Neighbour;
using testing::SyntheticOptions;
using testing::VectorSet;

constexpr uint32_t kK = 10;
constexpr uint32_t kList = 64;
const auto kAll = [](uint32_t) { return true; };
// Where the answer needs a walk: deltas of up to 1024 rows are scanned.
constexpr uint32_t kRows = testing::kSanitized ? 1300 : 4000;

// The k nearest slots that count, as the delta holds them.
template <typename Accept>
std::vector<Neighbour> truth_of(const Delta& delta, uint32_t visible, const uint8_t* query, uint32_t k,
                                const Accept& accept) {
  const DistanceFn kernel = distance_kernel(delta.options().metric, delta.options().element);
  std::vector<Neighbour> all = testing::naive_top_k(
      visible, visible, [&](uint32_t slot) { return kernel(query, delta.vector(slot), delta.options().dim); });
  std::erase_if(all, [&](const Neighbour& each) { return !accept(each.row); });
  all.resize(std::min<size_t>(all.size(), k));
  return all;
}

// Recall of one search, whose answer must be valid whatever it found: ascending, of counted rows, none twice, with
// the distances the kernel gives.
template <typename Accept>
double search_recall(const Delta& delta, uint32_t visible, const uint8_t* query, const Accept& accept,
                     DeltaScratch& scratch, uint32_t list = kList, uint32_t k = kK) {
  std::vector<DeltaHit> hits;
  delta_search(delta, visible, query, k, list, accept, scratch, hits);
  const DistanceFn kernel = distance_kernel(delta.options().metric, delta.options().element);
  std::set<uint32_t> rows;
  for (size_t i = 0; i < hits.size(); ++i) {
    const std::optional<uint32_t> slot = delta.slot_of(hits[i].row, visible);
    EXPECT_TRUE(slot.has_value() && accept(*slot)) << "row " << hits[i].row << " is not to be seen";
    if (!slot.has_value()) return 0;
    EXPECT_EQ(hits[i].distance, kernel(query, delta.vector(*slot), delta.options().dim));
    EXPECT_TRUE(rows.insert(hits[i].row).second) << "row " << hits[i].row << " comes twice";
    if (i > 0) {
      EXPECT_TRUE(std::pair(hits[i - 1].distance, hits[i - 1].row) < std::pair(hits[i].distance, hits[i].row));
    }
  }
  const std::vector<Neighbour> truth = truth_of(delta, visible, query, k, accept);
  EXPECT_EQ(hits.size(), truth.size());
  if (truth.empty()) return 1;
  const auto right = std::count_if(hits.begin(), hits.end(),
                                   [&](const DeltaHit& hit) { return hit.distance <= truth.back().distance; });
  return static_cast<double>(right) / static_cast<double>(truth.size());
}

template <typename Accept>
double mean_recall(const Delta& delta, uint32_t visible, const VectorSet& queries, const Accept& accept) {
  DeltaScratch scratch;
  double sum = 0;
  for (uint32_t q = 0; q < queries.rows; ++q) sum += search_recall(delta, visible, queries.row(q), accept, scratch);
  return sum / queries.rows;
}

TEST(DeltaSearch, FindsTheNearestInEveryMetricAndElement) {
  for (size_t m = 0; m < kMetricCount; ++m) {
    for (size_t e = 0; e < kElementCount; ++e) {
      // One element each of the metrics is enough to see what a sanitizer looks for.
      if (testing::kSanitized && e != m) continue;
      const auto metric = static_cast<Metric>(m);
      const SyntheticOptions options{
          .rows = kRows * 3 / 4, .dim = 24, .element = static_cast<Element>(e), .seed = 40 + m * 4 + e, .zeros = 0.005};
      const VectorSet set = testing::make_vectors(options), queries = testing::make_queries(options, 50);
      const auto delta = filled_delta(set, metric, set.rows);
      const std::string name = testing::space_name(metric, set.element) + format(", seed %d", int(options.seed));
      EXPECT_GE(mean_recall(*delta, set.rows, queries, kAll), 0.98) << name;
    }
  }
}

// Lengths that differ a hundredfold: the answer to most queries are the few longest rows. In many dimensions a graph
// that is built for the nearest rows alone does not lead to them.
TEST(DeltaSearch, FindsTheLargestInnerProductsWhateverTheLengths) {
  for (const uint32_t dim : {8u, 64u}) {
    const SyntheticOptions options{.rows = kRows, .dim = dim, .seed = 9, .clusters = dim * 2};
    const VectorSet queries = testing::make_queries(options, 60);
    for (const double deviation : {0.2, 0.5, 1.0}) {
      VectorSet set = testing::make_vectors(options);
      Prng prng(91);
      for (uint32_t row = 0; row < set.rows; ++row) {
        auto factor = static_cast<float>(std::exp(deviation * prng.gaussian()));
        if (row % 1000 == 17) factor = 1000;
        for (uint32_t d = 0; d < set.dim; ++d) {
          float value;
          std::memcpy(&value, set.row(row) + d * sizeof value, sizeof value);
          value *= factor;
          std::memcpy(set.row(row) + d * sizeof value, &value, sizeof value);
        }
      }
      const auto delta = filled_delta(set, Metric::kDot, set.rows);
      EXPECT_GE(mean_recall(*delta, set.rows, queries, kAll), 0.98)
          << dim << " dimensions, log deviation " << deviation << ", seed 9, 91";
    }
  }
}

// Clusters that come one after the other, as from a file in some order.
TEST(DeltaSearch, FindsTheNearestWhenClustersComeInTurn) {
  const SyntheticOptions options{.rows = kRows, .dim = 16, .seed = 21, .clusters = 40, .spread = 0.1};
  const VectorSet set = testing::make_vectors(options), queries = testing::make_queries(options, 100);
  std::vector<std::pair<float, uint32_t>> order;
  for (uint32_t row = 0; row < set.rows; ++row) order.push_back({set.widened(row)[0], row});
  std::sort(order.begin(), order.end());
  VectorSet sorted = set;
  for (uint32_t i = 0; i < set.rows; ++i) std::memcpy(sorted.row(i), set.row(order[i].second), set.row_bytes());
  const auto delta = filled_delta(sorted, Metric::kL2, sorted.rows);
  EXPECT_GE(mean_recall(*delta, sorted.rows, queries, kAll), 0.98) << "seed 21";
}

TEST(DeltaSearch, IsExactWhileNothingIsLinked) {
  const SyntheticOptions options{.rows = 5000, .dim = 7, .element = Element::kU8, .seed = 5};
  const VectorSet set = testing::make_vectors(options), queries = testing::make_queries(options, 20);
  const auto delta = filled_delta(set, Metric::kL1, 0);
  EXPECT_EQ(mean_recall(*delta, set.rows, queries, kAll), 1.0);
}

TEST(DeltaSearch, JoinsGraphAndTail) {
  const SyntheticOptions options{.rows = kRows, .dim = 16, .seed = 6};
  const VectorSet set = testing::make_vectors(options), queries = testing::make_queries(options, 50);
  for (const uint32_t linked : {1u, kRows / 8, kRows - kRows / 10, kRows - 1}) {
    const auto delta = filled_delta(set, Metric::kL2, linked);
    EXPECT_GE(mean_recall(*delta, set.rows, queries, kAll), 0.98) << linked << " linked, seed 6";
  }
}

// An older snapshot sees a prefix; what came later is passed through, and takes no place.
TEST(DeltaSearch, SeesNoMoreThanThePrefix) {
  const SyntheticOptions options{.rows = kRows, .dim = 16, .seed = 7};
  const VectorSet set = testing::make_vectors(options), queries = testing::make_queries(options, 50);
  const auto delta = filled_delta(set, Metric::kL2, set.rows - set.rows / 10);
  for (const uint32_t visible : {0u, 1u, 5u, 100u, kRows / 3, kRows / 2, kRows - 50, kRows}) {
    EXPECT_GE(mean_recall(*delta, visible, queries, kAll), 0.98) << visible << " visible, seed 7";
  }
}

// All rows within some distance of the query are dead; the live ones begin beyond.
TEST(DeltaSearch, FindsLiveRowsBeyondADeadNeighbourhood) {
  const SyntheticOptions options{.rows = kRows, .dim = 8, .seed = 8, .clusters = 3};
  const VectorSet set = testing::make_vectors(options), queries = testing::make_queries(options, 30);
  const auto delta = filled_delta(set, Metric::kL2, set.rows);
  DeltaScratch scratch;
  for (const uint32_t dead_count : {20u, 60u, kRows / 2, kRows - 500, kRows - 5, kRows}) {
    double sum = 0;
    uint32_t gave_up = 0;
    for (uint32_t q = 0; q < queries.rows; ++q) {
      std::vector<bool> dead(set.rows);
      for (const Neighbour& each : truth_of(*delta, set.rows, queries.row(q), dead_count, kAll)) dead[each.row] = true;
      sum += search_recall(
          *delta, set.rows, queries.row(q), [&](uint32_t slot) { return !dead[slot]; }, scratch);
      EXPECT_LE(scratch.hops, 5 * kList + set.rows / 32) << "work is bounded";
      gave_up += scratch.scored >= set.rows;
    }
    EXPECT_GE(sum / queries.rows, 0.98) << dead_count << " dead, seed 8";
    if (dead_count <= 60) {
      EXPECT_EQ(gave_up, 0u) << "a walk passes through so few";
    } else if (dead_count >= kRows / 2) {
      EXPECT_EQ(gave_up, queries.rows) << "a walk would take longer than a scan";
    }
  }
}

TEST(DeltaSearch, FindsLiveRowsAmongDeadOnesEverywhere) {
  const SyntheticOptions options{.rows = kRows, .dim = 16, .seed = 10};
  const VectorSet set = testing::make_vectors(options), queries = testing::make_queries(options, 30);
  const auto delta = filled_delta(set, Metric::kCosine, set.rows);
  for (const uint64_t live_of_100 : {90, 50, 10, 1}) {
    Prng prng(live_of_100);
    std::vector<bool> live(set.rows);
    for (uint32_t slot = 0; slot < set.rows; ++slot) live[slot] = prng.below(100) < live_of_100;
    EXPECT_GE(mean_recall(*delta, set.rows, queries, [&](uint32_t slot) { return live[slot]; }), 0.98)
        << live_of_100 << "% live, seed 10";
  }
}

TEST(DeltaSearch, GivesFewerWhereThereAreFewer) {
  const SyntheticOptions options{.rows = 40, .dim = 4, .seed = 12};
  const VectorSet set = testing::make_vectors(options), queries = testing::make_queries(options, 3);
  const auto delta = filled_delta(set, Metric::kL2, set.rows);
  DeltaScratch scratch;
  for (uint32_t q = 0; q < queries.rows; ++q) {
    EXPECT_EQ(search_recall(*delta, 40, queries.row(q), kAll, scratch, 1, 100), 1.0);
    EXPECT_EQ(search_recall(*delta, 0, queries.row(q), kAll, scratch), 1.0);
  }
}

// One scratch serves deltas of any size and dimension in turn.
TEST(DeltaSearch, ScratchGoesFromDeltaToDelta) {
  DeltaScratch scratch;
  std::vector<std::shared_ptr<Delta>> deltas;
  std::vector<VectorSet> sets;
  for (const uint32_t rows : {1600u, 1200u, 2000u}) {
    sets.push_back(testing::make_vectors({.rows = rows, .dim = rows / 400, .seed = rows}));
    deltas.push_back(filled_delta(sets.back(), Metric::kL2, rows, rows == 1200 ? 60 : 12));
  }
  for (uint32_t turn = 0; turn < 600; ++turn) {
    const size_t i = turn % 3;
    const uint32_t row = turn * 37 % sets[i].rows;
    std::vector<DeltaHit> hits;
    delta_search(*deltas[i], sets[i].rows, sets[i].row(row), 1, 20, kAll, scratch, hits);
    ASSERT_EQ(hits.size(), 1u);
    EXPECT_EQ(hits[0].distance, 0) << "delta " << i << ", row " << row;
  }
}

}  // namespace
}  // namespace vamana
