// What searches answer: near to the truth with every reader, and the same however they are batched, spread
// over threads, cached or delayed. How requests end otherwise is in search_engine_end_test.cc.
#include "search/search_engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <limits>
#include <numeric>
#include <span>
#include <thread>
#include <vector>

#include "search/query_slot.h"
#include "testing/built_segment.h"
#include "testing/fault_reader.h"
#include "testing/filled_delta.h"
#include "testing/naive_search.h"
#include "testing/search_call.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::SearchCall;
using testing::VectorSet;

// Records of 124 bytes: 33 a slot, 91 slots.
constexpr testing::SyntheticOptions kOptions{.rows = 3000, .dim = 30, .seed = 41};
constexpr SearchParams kUsual{.k = 10, .list_size = 60, .rerank = 30, .exact = false};

class SearchEngineTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = new testing::TempDir();
    set_ = new VectorSet(make_vectors(kOptions));
    queries_ = new VectorSet(make_queries(kOptions, 40));
    testing::build_segment(*set_, dir_->file("seg"));
  }
  static void TearDownTestSuite() {
    delete dir_;
    delete set_;
    delete queries_;
  }

  static std::shared_ptr<const Segment> open(IoKind io = IoKind::kPread) {
    ThreadPool pool(1);
    auto segment = Segment::open(dir_->file("seg"), io, pool);
    EXPECT_TRUE(segment.ok()) << segment.status().message();
    return std::move(segment).value();
  }

  static std::unique_ptr<SearchEngine> engine(const EngineOptions& options = {}) {
    return SearchEngine::create(open(), options).value();
  }

  static double mean_recall(const SearchCall& call) {
    const DistanceFn distance = distance_kernel(Metric::kL2, set_->element);
    double sum = 0;
    for (uint32_t q = 0; q < queries_->rows; ++q) {
      const auto truth = testing::naive_top_k(*set_, Metric::kL2, queries_->row(q), call.result().params.k);
      sum += testing::tie_aware_recall(
          truth, call.rows_of(q), [&](uint32_t row) { return distance(queries_->row(q), set_->row(row), set_->dim); });
    }
    return sum / queries_->rows;
  }

  static inline testing::TempDir* dir_ = nullptr;
  static inline VectorSet* set_ = nullptr;
  static inline VectorSet* queries_ = nullptr;
};

class SearchEngineReaders : public SearchEngineTest, public ::testing::WithParamInterface<IoKind> {};

TEST_P(SearchEngineReaders, FindNearlyAllNeighbours) {
  ThreadPool pool(1);
  auto segment = Segment::open(dir_->file("seg"), GetParam(), pool);
  if (segment.status().code() == Code::kUnsupported) GTEST_SKIP() << segment.status().message();
  ASSERT_TRUE(segment.ok()) << segment.status().message();
  for (const uint32_t threads : {1u, 3u}) {
    const auto engine = SearchEngine::create(segment.value(), {.threads = threads}).value();
    EXPECT_EQ(engine->reader_facts().kind, GetParam());
    SearchCall call(*queries_, {.k = 10, .list_size = 250, .rerank = 120});
    ASSERT_TRUE(call.run(*engine).ok());
    EXPECT_GT(mean_recall(call), 0.99);
    for (const QueryCost& cost : call.result().costs) EXPECT_GT(cost.reads, 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(All, SearchEngineReaders, ::testing::Values(IoKind::kMmap, IoKind::kUring, IoKind::kPread),
                         [](const auto& info) { return std::string(io_kind_name(info.param)); });

// A list as long as the segment leaves nothing to chance: both ways of searching are the truth.
TEST(SearchEngine, IsTheTruthForEveryMetricAndElement) {
  const testing::TempDir dir;
  ThreadPool pool(1);
  for (size_t m = 0; m < kMetricCount; ++m) {
    for (size_t e = 0; e < kElementCount; ++e) {
      const std::string name = dir.file(format("seg-%zu-%zu", m, e));
      SCOPED_TRACE(name);
      const testing::SyntheticOptions options{
          .rows = 300, .dim = 12, .element = static_cast<Element>(e), .seed = m, .duplicates = 0.1, .zeros = 0.02};
      const VectorSet set = make_vectors(options), queries = make_queries(options, 5);
      const auto metric = static_cast<Metric>(m);
      testing::build_segment(set, name, metric);
      const auto engine = SearchEngine::create(Segment::open(name, IoKind::kPread, pool).value(), {}).value();
      for (const bool exact : {false, true}) {
        for (const uint32_t k : {10u, 320u}) {
          SearchCall call(queries, {.k = k, .list_size = 320, .rerank = 320, .exact = exact});
          ASSERT_TRUE(call.run(*engine).ok());
          for (uint32_t q = 0; q < queries.rows; ++q) {
            const auto truth = testing::naive_top_k(set, metric, queries.row(q), k);
            for (uint32_t i = 0; i < k; ++i) {
              const bool padded = i >= truth.size();
              ASSERT_EQ(call.result().rows[q * k + i], padded ? kNoRow : truth[i].row) << "place " << i;
              ASSERT_EQ(call.result().distances[q * k + i],
                        padded ? std::numeric_limits<float>::infinity() : truth[i].distance)
                  << "place " << i;
            }
          }
        }
      }
    }
  }
}

TEST_F(SearchEngineTest, ABatchIsItsSingleQueries) {
  const auto engine = this->engine();
  for (const bool exact : {false, true}) {
    SearchParams params = kUsual;
    params.exact = exact;
    SearchCall batch(*queries_, params);
    ASSERT_TRUE(batch.run(*engine).ok());
    for (uint32_t q = 0; q < queries_->rows; ++q) {
      SearchCall single(*queries_, q, 1, params);
      ASSERT_TRUE(single.run(*engine).ok());
      EXPECT_EQ(single.rows_of(0), batch.rows_of(q));
    }
  }
}

// More queries than one pass of an exact scan answers together.
TEST_F(SearchEngineTest, ALongExactBatchIsSharedOut) {
  const VectorSet many = make_queries(kOptions, 150);
  const auto engine = this->engine({.threads = 3});
  SearchCall call(many, {.k = 3, .exact = true});
  ASSERT_TRUE(call.run(*engine).ok());
  for (uint32_t q = 0; q < many.rows; ++q) {
    const auto truth = testing::naive_top_k(*set_, Metric::kL2, many.row(q), 3);
    for (uint32_t i = 0; i < 3; ++i) ASSERT_EQ(call.result().rows[q * 3 + i], truth[i].row) << "query " << q;
    EXPECT_EQ(call.result().costs[q].reranked, set_->rows);
  }
}

// Requests take turns.
TEST_F(SearchEngineTest, AQueryDoesNotWaitForTheEndOfALongBatch) {
  const VectorSet many = make_queries(kOptions, 20000);
  for (const uint32_t threads : {1u, 2u}) {
    const auto engine = this->engine({.threads = threads});
    SearchCall batch(many, kUsual);
    ASSERT_TRUE(batch.submit(*engine).ok());
    for (int i = 0; i < 10; ++i) {
      SearchCall one(*queries_, static_cast<uint32_t>(i), 1, kUsual);
      ASSERT_TRUE(one.run(*engine).ok());
    }
    EXPECT_EQ(batch.done_calls(), 0u) << threads << " threads";
    batch.cancel();
    ASSERT_TRUE(batch.wait());
  }
}

// A scan takes long, and what comes after it does not wait for its end.
TEST_F(SearchEngineTest, WalksGoBeforeALongExactBatch) {
  const VectorSet many = make_queries(kOptions, 6000);
  for (const uint32_t threads : {1u, 2u}) {
    const auto engine = this->engine({.threads = threads});
    SearchCall scan(many, {.k = 3, .exact = true});
    ASSERT_TRUE(scan.submit(*engine).ok());
    SearchCall walk(*queries_, 0, 1, kUsual);
    ASSERT_TRUE(walk.run(*engine).ok());
    EXPECT_EQ(scan.done_calls(), 0u) << threads << " threads";
    ASSERT_TRUE(scan.wait());
    EXPECT_TRUE(scan.result().status.ok());
  }
}

// Not even for the end of the queries that one pass answers together.
TEST(SearchEngine, WalksAreServedWhileItsOnlyWorkerScans) {
  constexpr VectorSpace kSpace{12, Element::kF32, Metric::kL2};
  constexpr testing::SyntheticOptions kMany{.rows = 300'000, .dim = 12, .seed = 5};
  const VectorSet many = make_vectors(kMany), queries = make_queries(kMany, 64);
  std::vector<uint32_t> rows(many.rows);
  std::iota(rows.begin(), rows.end(), 0u);
  const auto snapshot_of = [&](uint32_t count) {
    auto delta = testing::empty_delta(kSpace.dim, kSpace.element, kSpace.metric, 16);
    EXPECT_TRUE(delta->append(std::span(rows).first(count), many.bytes.data()).ok());
    return SearchSnapshot::create(kSpace, {}, {std::move(delta)}, {}).value();
  };
  const auto large = snapshot_of(many.rows), small = snapshot_of(100);
  const auto engine = SearchEngine::create(kSpace, open_page_reader(IoKind::kPread).value(), {.threads = 1}).value();
  // A scan takes some hundredths of a second. Whether one has begun, and not ended, when the walk comes, is not known:
  // so several are tried.
  bool served = false;
  for (int attempt = 0; attempt < 10 && !served; ++attempt) {
    SearchCall scan(queries, {.k = 3, .exact = true});
    scan.search_in(large);
    ASSERT_TRUE(scan.submit(*engine).ok());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    SearchCall walk(queries, 0, 1, kUsual);
    walk.search_in(small);
    ASSERT_TRUE(walk.run(*engine).ok());
    served = scan.done_calls() == 0;
    ASSERT_TRUE(scan.wait());
    for (uint32_t q = 0; q < queries.rows; q += 13) {
      const auto truth = testing::naive_top_k(many, Metric::kL2, queries.row(q), 3);
      for (uint32_t i = 0; i < 3; ++i) ASSERT_EQ(scan.result().rows[q * 3 + i], truth[i].row) << "query " << q;
    }
  }
  EXPECT_TRUE(served);
}

// Walks that never cease do not keep a scan from its end.
TEST_F(SearchEngineTest, AScanEndsThoughWalksNeverCease) {
  const auto engine = this->engine({.threads = 1});
  SearchCall scan(*queries_, {.k = 3, .exact = true});
  std::atomic<bool> ended{false};
  std::thread walking([&] {
    std::deque<SearchCall> calls;
    while (!ended) {
      calls.emplace_back(*queries_, 0, 4, kUsual);
      if (!calls.back().submit(*engine).ok()) calls.pop_back();
      if (calls.size() < 8) continue;
      EXPECT_TRUE(calls.front().wait());
      calls.pop_front();
    }
    for (const SearchCall& call : calls) EXPECT_TRUE(call.wait());
  });
  EXPECT_TRUE(scan.run(*engine).ok());
  ended = true;
  walking.join();
}

TEST_F(SearchEngineTest, ThreadsAndQueriesInFlightChangeNothing) {
  SearchCall usual(*queries_, kUsual);
  ASSERT_TRUE(usual.run(*engine()).ok());
  for (const uint32_t threads : {1u, 2u, 4u}) {
    for (const uint32_t in_flight : {1u, 4u, 50u}) {
      const auto engine = this->engine({.threads = threads, .in_flight = in_flight});
      SearchCall call(*queries_, kUsual);
      ASSERT_TRUE(call.run(*engine).ok());
      EXPECT_EQ(call.result().rows, usual.result().rows) << threads << " threads, " << in_flight << " in flight";
      EXPECT_EQ(call.result().distances, usual.result().distances);
    }
  }
}

TEST_F(SearchEngineTest, ReadsThatComeLateOrOutOfOrderChangeNothing) {
  SearchCall usual(*queries_, kUsual);
  ASSERT_TRUE(usual.run(*engine()).ok());
  for (const uint64_t seed : {1u, 2u, 3u}) {
    const auto reader = std::make_shared<testing::FaultReader>(open_page_reader(IoKind::kPread).value());
    ThreadPool pool(1);
    const auto segment = Segment::open(dir_->file("seg"), reader, pool);
    reader->reorder(seed);
    reader->delay(std::chrono::microseconds(300));
    const auto engine = SearchEngine::create(segment.value(), {.threads = 2, .in_flight = 8}).value();
    SearchCall call(*queries_, kUsual);
    ASSERT_TRUE(call.run(*engine).ok());
    EXPECT_EQ(call.result().rows, usual.result().rows) << "seed " << seed;
  }
}

TEST_F(SearchEngineTest, TheCacheSparesReadsAndChangesNothing) {
  const auto plain = engine();
  SearchCall usual(*queries_, kUsual);
  ASSERT_TRUE(usual.run(*plain).ok());
  EXPECT_EQ(plain->cache_facts().hits, 0u);
  // Room for all, for some, and for too little to be a cache.
  for (const uint64_t bytes : {uint64_t{64} << 20, uint64_t{200} << 10, uint64_t{1000}}) {
    const auto engine = this->engine({.cache_bytes = bytes});
    uint64_t hits = 0;
    for (int round = 0; round < 3; ++round) {
      SearchCall call(*queries_, kUsual);
      ASSERT_TRUE(call.run(*engine).ok());
      EXPECT_EQ(call.result().rows, usual.result().rows);
      EXPECT_EQ(call.result().distances, usual.result().distances);
      for (uint32_t q = 0; q < queries_->rows; ++q) {
        const QueryCost& cost = call.result().costs[q];
        EXPECT_EQ(cost.reads + cost.cache_hits, usual.result().costs[q].reads) << "every slot is read or hit";
        hits += cost.cache_hits;
        if (round > 0 && bytes == uint64_t{64} << 20) {
          EXPECT_EQ(cost.reads, 0u);
        }
      }
    }
    EXPECT_EQ(engine->cache_facts().hits, hits) << bytes << " bytes";
    EXPECT_LE(engine->cache_facts().used_bytes, bytes);
    if (bytes > 100'000) {
      EXPECT_GT(hits, 0u);
    } else {
      EXPECT_EQ(hits, 0u);
    }
  }
}

TEST_F(SearchEngineTest, MoreRerankingNeverFindsLess) {
  const auto engine = this->engine();
  double last = 0;
  for (const uint32_t rerank : {10u, 20u, 40u, 80u, 160u}) {
    SearchCall call(*queries_, {.k = 10, .list_size = 160, .rerank = rerank});
    ASSERT_TRUE(call.run(*engine).ok());
    for (const QueryCost& cost : call.result().costs) EXPECT_EQ(cost.reranked, rerank);
    const double recall = mean_recall(call);
    EXPECT_GE(recall, last);
    last = recall;
  }
  EXPECT_GT(last, 0.98);
  SearchCall automatic(*queries_, {.k = 10, .list_size = 90});
  ASSERT_TRUE(automatic.run(*engine).ok());
  for (const QueryCost& cost : automatic.result().costs) {
    EXPECT_GE(cost.reranked, 10u);
    EXPECT_LT(cost.reranked, 90u);
  }
  // A rerank deeper than the list makes the list longer; a list shorter than k is raised to it.
  SearchCall deep(*queries_, {.k = 10, .list_size = 20, .rerank = 200});
  ASSERT_TRUE(deep.run(*engine).ok());
  for (const QueryCost& cost : deep.result().costs) EXPECT_EQ(cost.reranked, 200u);
  SearchCall wide(*queries_, {.k = 100, .list_size = 1});
  ASSERT_TRUE(wide.run(*engine).ok());
  for (const uint32_t row : wide.result().rows) EXPECT_NE(row, kNoRow);
}

TEST_F(SearchEngineTest, CostsAreWhatWasDone) {
  const auto engine = this->engine();
  SearchCall call(*queries_, kUsual);
  ASSERT_TRUE(call.run(*engine).ok());
  const uint64_t slots = engine->segment().slots();
  for (const QueryCost& cost : call.result().costs) {
    EXPECT_GE(cost.hops, kUsual.list_size);  // each of a full list is expanded
    EXPECT_GT(cost.codes_scored, cost.hops);
    EXPECT_LE(cost.codes_scored, set_->rows);
    EXPECT_EQ(cost.reranked, kUsual.rerank);
    EXPECT_GE(cost.reads, 1u);
    EXPECT_LE(cost.reads, std::min<uint64_t>(slots, cost.reranked));
    EXPECT_GT(cost.walk_us, 0);
    EXPECT_GE(cost.read_us, 0);
    EXPECT_GE(cost.rank_us, 0);
    EXPECT_GE(cost.total_us * 1.001f + 0.1f, cost.walk_us + cost.read_us + cost.rank_us);
    EXPECT_LT(cost.total_us, 30e6f);
  }
}

// A record over two pages: reads are counted in pages.
TEST(SearchEngine, ReadsOfLargeRecordsCountEveryPage) {
  const testing::TempDir dir;
  ThreadPool pool(1);
  const testing::SyntheticOptions options{.rows = 60, .dim = 1500, .seed = 3};
  const VectorSet set = make_vectors(options), queries = make_queries(options, 4);
  testing::build_segment(set, dir.file("seg"));
  for (const uint64_t cache_bytes : {uint64_t{0}, uint64_t{8} << 20}) {
    const auto engine = SearchEngine::create(Segment::open(dir.file("seg"), IoKind::kPread, pool).value(),
                                             {.threads = 2, .in_flight = 3, .cache_bytes = cache_bytes})
                            .value();
    SearchCall call(queries, {.k = 5, .list_size = 60, .rerank = 60});
    ASSERT_TRUE(call.run(*engine).ok());
    for (uint32_t q = 0; q < queries.rows; ++q) {
      const QueryCost& cost = call.result().costs[q];
      EXPECT_EQ(cost.reads + 2 * cost.cache_hits, 120u);
      const auto truth = testing::naive_top_k(set, Metric::kL2, queries.row(q), 5);
      for (uint32_t i = 0; i < 5; ++i) EXPECT_EQ(call.rows_of(q)[i], truth[i].row);
    }
  }
}

TEST_F(SearchEngineTest, ConcurrentCallersEachGetTheirOwnAnswers) {
  SearchCall usual(*queries_, kUsual);
  ASSERT_TRUE(usual.run(*engine()).ok());
  const auto engine = this->engine({.threads = 3, .in_flight = 4, .cache_bytes = 256 << 10});
  std::vector<std::thread> callers;
  std::atomic<uint32_t> wrong{0};
  for (uint32_t caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (uint32_t round = 0; round < 15; ++round) {
        const uint32_t first = (caller * 7 + round * 3) % 30;
        SearchParams params = kUsual;
        params.exact = round == 7;
        SearchCall call(*queries_, first, 1 + round % 10, params);
        if (!call.run(*engine).ok()) ++wrong;
        for (uint32_t q = 0; q < call.result().count; ++q) {
          if (!params.exact && call.rows_of(q) != usual.rows_of(first + q)) ++wrong;
        }
        if (call.done_calls() != 1) ++wrong;
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace vamana
