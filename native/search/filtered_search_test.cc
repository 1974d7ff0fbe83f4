// Searches with filters through the engine, by every strategy, over snapshots with several segments and deltas and with
// dead rows, against naive search over the rows that match and live.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/prng.h"
#include "search/search_engine.h"
#include "testing/built_segment.h"
#include "testing/filled_delta.h"
#include "testing/naive_search.h"
#include "testing/roaring_bytes.h"
#include "testing/sanitized.h"
#include "testing/search_call.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::SearchCall;
using testing::VectorSet;
using Rows = std::set<uint32_t>;

constexpr FilterStrategy kStrategies[] = {FilterStrategy::kAuto, FilterStrategy::kCodes, FilterStrategy::kWalk,
                                          FilterStrategy::kPost};
constexpr uint32_t kRows = testing::fewer_when_sanitized(4000);

// Rows with gaps in two segments of 40% each; the rest in a delta of which a part is not linked.
class World {
 public:
  World(Metric metric, Element element) : space_{16, element, metric} {
    const testing::SyntheticOptions options{.rows = kRows, .dim = 16, .element = element, .seed = 77};
    set_ = make_vectors(options);
    queries_ = make_queries(options, 12);
    const uint32_t ends[] = {0, kRows * 2 / 5, kRows * 4 / 5, kRows};
    reader_ = open_page_reader(IoKind::kAuto).value();
    ThreadPool pool(1);
    for (int i = 0; i < 2; ++i) {
      const std::string dir = dir_.file(format("seg-%d", i));
      testing::build_segment(delta_of(ends[i], ends[i + 1]), dir);
      segments_.push_back(Segment::open(dir, reader_, pool).value());
    }
    deltas_ = {delta_of(ends[2], ends[3])};
    deltas_[0]->link_some(kRows / 10);
    engine_ = SearchEngine::create(space_, reader_, {.threads = 2}).value();
  }

  // Row ids with gaps.
  static uint32_t row(uint32_t at) { return 3 * at + at / 7; }

  std::shared_ptr<const SearchSnapshot> snapshot(const Rows& dead) const {
    const std::vector<uint32_t> rows(dead.begin(), dead.end());
    return SearchSnapshot::create(space_, segments_, deltas_, rows).value();
  }

  // Of one segment and nothing else.
  std::shared_ptr<const SearchSnapshot> small_snapshot() const {
    return SearchSnapshot::create(space_, {segments_[0]}, {}, {}).value();
  }
  std::unique_ptr<SearchEngine> engine(const EngineOptions& options) const {
    return SearchEngine::create(space_, reader_, options).value();
  }

  // Recall over all queries; and that what is found matches, lives, comes once, in order, with its own distance, and
  // is as many as there can be.
  double check(const Rows& filter, const Rows& dead, SearchParams params) {
    SearchCall call(queries_, params);
    call.search_in(snapshot(dead));
    call.filter_by(RowFilter::parse(testing::roaring_bytes(filter)).value());
    const Status status = call.run(*engine_);
    EXPECT_TRUE(status.ok()) << status.message();
    if (!status.ok()) return 0;
    double recall = 0;
    for (uint32_t q = 0; q < queries_.rows; ++q) recall += check_query(call.result(), q, filter, dead);
    return recall / queries_.rows;
  }

  const VectorSpace space_;
  VectorSet set_, queries_;
  std::unique_ptr<SearchEngine> engine_;

 private:
  std::shared_ptr<Delta> delta_of(uint32_t begin, uint32_t end) {
    auto delta = testing::empty_delta(space_.dim, space_.element, space_.metric, 16);
    std::vector<uint32_t> rows;
    for (uint32_t at = begin; at < end; ++at) rows.push_back(row(at));
    EXPECT_TRUE(delta->append(rows, set_.row(begin)).ok());
    return delta;
  }

  double check_query(const SearchRequest& result, uint32_t query, const Rows& filter, const Rows& dead) const {
    const uint32_t k = result.params.k;
    const DistanceFn kernel = distance_kernel(space_.metric, space_.element);
    const auto distance = [&](uint32_t at) { return kernel(queries_.row(query), set_.row(at), space_.dim); };
    std::vector<testing::Neighbour> truth;
    for (uint32_t at = 0; at < kRows; ++at) {
      if (filter.contains(row(at)) && !dead.contains(row(at))) truth.push_back({distance(at), at});
    }
    std::sort(truth.begin(), truth.end());
    truth.resize(std::min<size_t>(truth.size(), k));
    std::vector<uint32_t> found;
    for (uint32_t i = 0; i < k; ++i) {
      const uint32_t id = result.rows[query * k + i];
      if (id == kNoRow) continue;
      EXPECT_TRUE(filter.contains(id) && !dead.contains(id)) << id;
      const auto at = static_cast<uint32_t>(uint64_t{id} * 7 / 22);  // the way back of row()
      uint32_t exact = at > 2 ? at - 2 : 0;
      while (row(exact) != id && exact < kRows) ++exact;
      EXPECT_LT(exact, kRows);
      found.push_back(exact);
      if (space_.metric != Metric::kCosine) {
        EXPECT_EQ(result.distances[query * k + i], distance(exact));
      }
      if (i > 0) {
        EXPECT_GE(result.distances[query * k + i], result.distances[query * k + i - 1]);
      }
    }
    EXPECT_EQ(Rows(found.begin(), found.end()).size(), truth.size()) << "query " << query;
    if (truth.empty()) return 1;
    // Fresh rows are normalised on their way in, which moves the last bit.
    truth.back().distance += 1e-5f;
    return testing::tie_aware_recall(truth, found, distance);
  }

  testing::TempDir dir_;
  std::shared_ptr<PageReader> reader_;
  SearchSnapshot::Segments segments_;
  SearchSnapshot::Deltas deltas_;
};

Rows random_rows(Prng& prng, double share) {
  Rows rows;
  for (uint32_t at = 0; at < kRows; ++at) {
    if (static_cast<double>(prng.below(1 << 20)) < share * (1 << 20)) rows.insert(World::row(at));
  }
  return rows;
}

TEST(FilteredSearch, FindsTheNearestThatMatchByEveryStrategy) {
  World world(Metric::kL2, Element::kF32);
  Prng prng(3);
  for (const double share : {0.0005, 0.01, 0.05, 0.2, 0.5, 0.9, 1.0}) {
    const Rows filter = random_rows(prng, share);
    for (const double dead_share : {0.0, 0.3}) {
      const Rows dead = random_rows(prng, dead_share);
      for (const FilterStrategy strategy : kStrategies) {
        SCOPED_TRACE(format("share %g, dead %g, strategy %d", share, dead_share, static_cast<int>(strategy)));
        EXPECT_GE(world.check(filter, dead, {.k = 10, .list_size = 64, .strategy = strategy}), 0.93);
      }
    }
  }
}

// Rows of one side of the space, asked for from the other.
TEST(FilteredSearch, FindsThemWhereNoneOfTheNearestMatch) {
  World world(Metric::kL2, Element::kF32);
  std::vector<testing::Neighbour> order;
  const DistanceFn kernel = distance_kernel(Metric::kL2, Element::kF32);
  for (uint32_t at = 0; at < kRows; ++at) {
    order.push_back({kernel(world.queries_.row(0), world.set_.row(at), world.space_.dim), at});
  }
  std::sort(order.begin(), order.end());
  for (const uint32_t share : {2u, 10u, 50u}) {
    Rows farthest;
    for (uint32_t i = kRows - kRows / share; i < kRows; ++i) farthest.insert(World::row(order[i].row));
    for (const FilterStrategy strategy : kStrategies) {
      SCOPED_TRACE(format("1 of %u, strategy %d", share, static_cast<int>(strategy)));
      EXPECT_GE(world.check(farthest, {}, {.k = 10, .list_size = 64, .strategy = strategy}), 0.9);
    }
  }
}

TEST(FilteredSearch, AnExactOneIsExact) {
  World world(Metric::kL2, Element::kF32);
  Prng prng(4);
  for (const double share : {0.0, 0.001, 0.1, 1.0}) {
    const Rows filter = random_rows(prng, share);
    const Rows dead = random_rows(prng, 0.2);
    EXPECT_EQ(world.check(filter, dead, {.k = 10, .exact = true}), 1.0);
  }
}

TEST(FilteredSearch, WorksForEveryMetricAndElement) {
  Prng prng(5);
  const Rows filter = random_rows(prng, 0.15), dead = random_rows(prng, 0.1);
  for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kDot, Metric::kL1}) {
    for (const Element element : {Element::kF32, Element::kU8}) {
      SCOPED_TRACE(testing::space_name(metric, element));
      World world(metric, element);
      for (const FilterStrategy strategy : kStrategies) {
        EXPECT_GE(world.check(filter, dead, {.k = 10, .list_size = 100, .strategy = strategy}), 0.7);
      }
    }
  }
}

TEST(FilteredSearch, FiltersOfNothingAndOfStrangersFindNothing) {
  World world(Metric::kL2, Element::kF32);
  for (const Rows& filter : {Rows{}, Rows{1, 2, 4, 5, 4000000}}) {
    for (const FilterStrategy strategy : kStrategies) {
      EXPECT_EQ(world.check(filter, {}, {.k = 10, .list_size = 64, .strategy = strategy}), 1.0);
    }
  }
}

TEST(FilteredSearch, MoreThanMatchAreWanted) {
  World world(Metric::kL2, Element::kF32);
  Prng prng(6);
  const Rows filter = random_rows(prng, 0.02);
  for (const FilterStrategy strategy : kStrategies) {
    EXPECT_EQ(world.check(filter, {}, {.k = 300, .list_size = 20, .strategy = strategy}), 1.0);
  }
}

TEST(FilteredSearch, TellsWhatItDid) {
  World world(Metric::kL2, Element::kF32);
  Prng prng(7);
  const Rows filter = random_rows(prng, 0.3);
  for (const FilterStrategy strategy : {FilterStrategy::kCodes, FilterStrategy::kWalk, FilterStrategy::kPost}) {
    SearchCall call(world.queries_, {.k = 10, .list_size = 64, .strategy = strategy});
    call.search_in(world.snapshot({}));
    call.filter_by(RowFilter::parse(testing::roaring_bytes(filter)).value());
    ASSERT_TRUE(call.run(*world.engine_).ok());
    for (const QueryCost& cost : call.result().costs) {
      EXPECT_EQ(cost.matches, filter.size());
      EXPECT_NE(cost.strategies & strategy_bit(strategy), 0u);
      EXPECT_GT(cost.expected_us, 0);
    }
  }
}

// A query in flight alone reads the nearest before its walk has ended, which can only add to what it ranks.
TEST(FilteredSearch, ReadingInTwoWavesLosesNothing) {
  World world(Metric::kL2, Element::kF32);
  Prng prng(9);
  for (const double share : {0.01, 0.2, 0.6}) {
    const auto filter = RowFilter::parse(testing::roaring_bytes(random_rows(prng, share))).value();
    for (const FilterStrategy strategy : {FilterStrategy::kCodes, FilterStrategy::kWalk, FilterStrategy::kPost}) {
      SCOPED_TRACE(format("share %g, strategy %d", share, static_cast<int>(strategy)));
      const auto distances = [&](uint32_t in_flight) {
        const auto engine = world.engine({.threads = 1, .in_flight = in_flight});
        SearchCall call(world.queries_, {.k = 10, .list_size = 64, .strategy = strategy});
        call.search_in(world.small_snapshot());
        call.filter_by(filter);
        EXPECT_TRUE(call.run(*engine).ok());
        return call.result().distances;
      };
      const std::vector<float> two_waves = distances(1), one_wave = distances(4);
      ASSERT_EQ(two_waves.size(), one_wave.size());
      for (size_t i = 0; i < one_wave.size(); ++i) EXPECT_LE(two_waves[i], one_wave[i]) << i;
    }
  }
}

TEST(FilteredSearch, ConcurrentSearchesShareAFilter) {
  World world(Metric::kL2, Element::kF32);
  Prng prng(8);
  const auto filter = RowFilter::parse(testing::roaring_bytes(random_rows(prng, 0.1))).value();
  const auto snapshot = world.snapshot({});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) {
        SearchCall call(world.queries_, {.k = 10, .list_size = 64, .strategy = kStrategies[i]});
        call.search_in(snapshot);
        call.filter_by(filter);
        EXPECT_TRUE(call.run(*world.engine_).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace vamana
