// Searches and fetches of snapshots with several segments and deltas and with dead rows, through the engine, against
// naive search over the rows that live.
#include <gtest/gtest.h>
#include <sys/file.h>

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "base/prng.h"
#include "search/search_engine.h"
#include "testing/built_segment.h"
#include "testing/fault_reader.h"
#include "testing/filled_delta.h"
#include "testing/naive_search.h"
#include "testing/search_call.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::FaultReader;
using testing::SearchCall;
using testing::VectorSet;

constexpr VectorSpace kSpace{12, Element::kF32, Metric::kL2};
constexpr testing::SyntheticOptions kOptions{.rows = 3000, .dim = 12, .seed = 31};
constexpr SearchParams kUsual{.k = 10, .list_size = 60};
constexpr SearchParams kExact{.k = 10, .exact = true};

// Row i of the set is row i of the collection: 0..1199 and 1200..2199 in segments, the rest in two deltas.
class SnapshotSearch : public ::testing::Test {
 protected:
  static constexpr uint32_t kEnds[] = {0, 1200, 2200, 2700, 3000};

  static void SetUpTestSuite() {
    dir_ = new testing::TempDir();
    set_ = new VectorSet(make_vectors(kOptions));
    queries_ = new VectorSet(make_queries(kOptions, 40));
    for (int i = 0; i < 2; ++i)
      testing::build_segment(delta_of(kEnds[i], kEnds[i + 1]), dir_->file(format("seg-%d", i)));
  }
  static void TearDownTestSuite() {
    delete dir_;
    delete set_;
    delete queries_;
  }

  static std::shared_ptr<Delta> delta_of(uint32_t begin, uint32_t end) {
    auto delta = testing::empty_delta(kSpace.dim, kSpace.element, kSpace.metric, 16);
    append(*delta, begin, end);
    return delta;
  }
  static void append(Delta& delta, uint32_t begin, uint32_t end) {
    std::vector<uint32_t> rows;
    for (uint32_t row = begin; row < end; ++row) rows.push_back(row);
    EXPECT_TRUE(delta.append(rows, set_->row(begin)).ok());
  }
  void SetUp() override {
    reader_ = std::make_shared<FaultReader>(open_page_reader(IoKind::kAuto).value());
    ThreadPool pool(1);
    for (int i = 0; i < 2; ++i) {
      segments_.push_back(Segment::open(dir_->file(format("seg-%d", i)), reader_, pool).value());
    }
    deltas_ = {delta_of(kEnds[2], kEnds[3]), delta_of(kEnds[3], kEnds[4])};
    CancelFlag cancel;
    ASSERT_TRUE(deltas_[0]->link_all(cancel).ok());
    deltas_[1]->link_some(100);
  }

  std::unique_ptr<SearchEngine> engine(const EngineOptions& options = {}) {
    return SearchEngine::create(kSpace, reader_, options).value();
  }
  std::shared_ptr<const SearchSnapshot> snapshot(const std::vector<uint32_t>& dead) {
    return SearchSnapshot::create(kSpace, segments_, deltas_, dead).value();
  }

  static std::vector<testing::Neighbour> truth(uint32_t query, const std::set<uint32_t>& dead) {
    const DistanceFn kernel = distance_kernel(kSpace.metric, kSpace.element);
    auto all = testing::naive_top_k(
        set_->rows, set_->rows, [&](uint32_t row) { return kernel(queries_->row(query), set_->row(row), kSpace.dim); });
    std::erase_if(all, [&](const testing::Neighbour& one) { return dead.contains(one.row); });
    all.resize(std::min<size_t>(all.size(), 10));
    return all;
  }

  // The share of the truth found; and that what is found lives, once, with its own distance, in order.
  static double check(const SearchRequest& result, const std::set<uint32_t>& dead) {
    const DistanceFn kernel = distance_kernel(kSpace.metric, kSpace.element);
    double recall = 0;
    for (uint32_t q = 0; q < queries_->rows; ++q) {
      std::set<uint32_t> seen;
      for (uint32_t i = 0; i < 10; ++i) {
        const uint32_t row = result.rows[q * 10 + i];
        if (row == kNoRow) continue;
        EXPECT_FALSE(dead.contains(row)) << row;
        EXPECT_TRUE(seen.insert(row).second) << row;
        EXPECT_EQ(result.distances[q * 10 + i], kernel(queries_->row(q), set_->row(row), kSpace.dim));
        if (i > 0) {
          EXPECT_GE(result.distances[q * 10 + i], result.distances[q * 10 + i - 1]);
        }
      }
      const auto nearest = truth(q, dead);
      if (nearest.empty()) {
        EXPECT_TRUE(seen.empty());
        recall += 1;
        continue;
      }
      const std::vector<uint32_t> found(seen.begin(), seen.end());
      recall += testing::tie_aware_recall(
          truth(q, dead), found, [&](uint32_t row) { return kernel(queries_->row(q), set_->row(row), kSpace.dim); });
    }
    return recall / queries_->rows;
  }

  static std::vector<uint32_t> some_rows(uint64_t seed, uint64_t share) {
    Prng prng(seed);
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < set_->rows; ++row) {
      if (prng.below(100) < share) rows.push_back(row);
    }
    return rows;
  }

  static inline testing::TempDir* dir_ = nullptr;
  static inline VectorSet* set_ = nullptr;
  static inline VectorSet* queries_ = nullptr;
  std::shared_ptr<FaultReader> reader_;
  SearchSnapshot::Segments segments_;
  SearchSnapshot::Deltas deltas_;
};

TEST_F(SnapshotSearch, OneTopKOverAllParts) {
  for (const uint64_t share : {0u, 1u, 30u, 95u, 100u}) {
    const std::vector<uint32_t> rows = some_rows(share, share);
    const std::set<uint32_t> dead(rows.begin(), rows.end());
    const auto view = snapshot(rows);
    ASSERT_EQ(view->live_rows(), 3000 - dead.size());
    for (const EngineOptions& options : {EngineOptions{}, EngineOptions{.threads = 2, .cache_bytes = 1 << 20}}) {
      const auto engine = this->engine(options);
      for (const bool exact : {false, true}) {
        SearchCall call(*queries_, exact ? kExact : kUsual);
        call.search_in(view);
        const Status status = call.run(*engine);
        ASSERT_TRUE(status.ok()) << status.message();
        const double recall = check(call.result(), dead);
        EXPECT_GE(recall, exact ? 1.0 : 0.97) << share << "% dead";
      }
    }
  }
}

// The neighbourhoods of the queries die wholly: the walk must lead through them.
TEST_F(SnapshotSearch, DeadNeighbourhoodsArePassedThrough) {
  std::set<uint32_t> dead;
  for (uint32_t q = 0; q < queries_->rows; ++q) {
    const auto nearest = testing::naive_top_k(*set_, kSpace.metric, queries_->row(q), 60);
    for (const auto& one : nearest) dead.insert(one.row);
  }
  SearchCall call(*queries_, kUsual);
  call.search_in(snapshot({dead.begin(), dead.end()}));
  const auto engine = this->engine();
  ASSERT_TRUE(call.run(*engine).ok());
  EXPECT_GE(check(call.result(), dead), 0.97);
}

// Too few live in one segment for a walk through the dead, and none in the other.
TEST_F(SnapshotSearch, OfMostlyDeadSegmentsTheLivingAreScanned) {
  std::set<uint32_t> dead;
  for (uint32_t row = 0; row < kEnds[2]; ++row) {
    if (row >= kEnds[1] || row % 7 != 0) dead.insert(row);
  }
  SearchCall call(*queries_, kUsual);
  call.search_in(snapshot({dead.begin(), dead.end()}));
  const auto engine = this->engine();
  ASSERT_TRUE(call.run(*engine).ok());
  EXPECT_GE(check(call.result(), dead), 0.97);
  ASSERT_EQ(call.result().costs.size(), queries_->rows);
  // The graphs of the deltas are walked, those of the segments are not.
  for (const QueryCost& cost : call.result().costs) EXPECT_EQ(cost.codes_scored, (kEnds[1] + 6) / 7);
}

// Whatever the number of segments, a query's reads are one batch.
TEST_F(SnapshotSearch, OneSubmissionForAllSegments) {
  const auto engine = this->engine();
  for (uint32_t q = 0; q < 5; ++q) {
    SearchCall call(*queries_, q, 1, kUsual);
    call.search_in(snapshot({}));
    const uint64_t before = reader_->batches();
    ASSERT_TRUE(call.run(*engine).ok());
    EXPECT_EQ(reader_->batches(), before + 1);
  }
}

TEST_F(SnapshotSearch, PartsThatAreNotThere) {
  const auto engine = this->engine();
  for (const bool exact : {false, true}) {
    SearchCall nothing(*queries_, exact ? kExact : kUsual);
    nothing.search_in(SearchSnapshot::create(kSpace, {}, {}, {}).value());
    ASSERT_TRUE(nothing.run(*engine).ok());
    EXPECT_EQ(nothing.rows_of(3), std::vector<uint32_t>(10, kNoRow));
    SearchCall deltas(*queries_, exact ? kExact : kUsual);
    deltas.search_in(SearchSnapshot::create(kSpace, {}, deltas_, {}).value());
    ASSERT_TRUE(deltas.run(*engine).ok());
    EXPECT_NE(deltas.rows_of(3)[9], kNoRow);
    EXPECT_EQ(deltas.result().costs[3].reads, 0u);
  }
  SearchCall without(*queries_, kUsual);
  EXPECT_EQ(without.submit(*engine).code(), Code::kInvalidArgument);
}

TEST_F(SnapshotSearch, RowsAreFetchedFromEveryPartInOneBatch) {
  const auto view = snapshot({5, 1300, 2300});
  std::vector<uint32_t> wanted = {2999, 5, 0, 1, 0, 1199, 1200, 1300, 2300, 2301, 2200, 2199, 3000, kNoRow, 700, 701};
  for (const uint64_t cache : {uint64_t{0}, uint64_t{1} << 20}) {
    const auto engine = this->engine({.cache_bytes = cache});
    for (int round = 0; round < 2; ++round) {
      SearchCall call(*queries_, 0, 1, kUsual);
      call.fetch_from(view, wanted);
      const uint64_t batches = reader_->batches();
      const Status status = call.run(*engine);
      ASSERT_TRUE(status.ok()) << status.message();
      EXPECT_EQ(reader_->batches(), batches + (cache != 0 && round == 1 ? 0 : 1));
      const FetchedRows& fetched = *call.result().fetch;
      for (size_t i = 0; i < wanted.size(); ++i) {
        const uint32_t row = wanted[i];
        const bool lives = row < 3000 && row != 5 && row != 1300 && row != 2300;
        ASSERT_EQ(fetched.found[i], lives) << row;
        const std::vector<uint8_t> zeros(kSpace.vector_bytes());
        const uint8_t* const expected = lives ? set_->row(row) : zeros.data();
        EXPECT_EQ(std::vector<uint8_t>(expected, expected + zeros.size()),
                  std::vector<uint8_t>(fetched.vectors.data() + i * zeros.size(),
                                       fetched.vectors.data() + (i + 1) * zeros.size()))
            << row;
      }
    }
  }
}

// More pages than one window of a fetch holds.
TEST_F(SnapshotSearch, EveryRowIsFetched) {
  std::vector<uint32_t> wanted(set_->rows);
  for (uint32_t i = 0; i < set_->rows; ++i) wanted[i] = (i * 7919) % set_->rows;
  SearchCall call(*queries_, 0, 1, kUsual);
  call.fetch_from(snapshot({}), wanted);
  const auto engine = this->engine();
  ASSERT_TRUE(call.run(*engine).ok());
  for (uint32_t i = 0; i < set_->rows; ++i) {
    ASSERT_TRUE(std::equal(set_->row(wanted[i]), set_->row(wanted[i]) + kSpace.vector_bytes(),
                           call.result().fetch->vectors.data() + i * kSpace.vector_bytes()));
  }
}

TEST_F(SnapshotSearch, DamageAndFailuresAreTheCallsOwn) {
  const auto engine = this->engine();
  const auto view = snapshot({});
  reader_->flip_byte(1, 10);
  SearchCall searched(*queries_, 0, 1, kUsual);
  searched.search_in(view);
  EXPECT_EQ(searched.run(*engine).code(), Code::kCorrupt);
  reader_->flip_byte(1, 10);
  SearchCall fetched(*queries_, 0, 1, kUsual);
  fetched.fetch_from(view, {0});
  EXPECT_EQ(fetched.run(*engine).code(), Code::kCorrupt);
  reader_->fail_read(1, Status(Code::kIo, "the disk is gone"));
  SearchCall failed(*queries_, 0, 1, kUsual);
  failed.fetch_from(view, {0});
  EXPECT_EQ(failed.run(*engine).code(), Code::kIo);
  SearchCall again(*queries_, 0, 1, kUsual);
  again.search_in(view);
  EXPECT_TRUE(again.run(*engine).ok());
}

// A request holds its snapshot until it has ended, and not longer.
TEST_F(SnapshotSearch, ASnapshotGoesWithItsLastRequest) {
  const auto engine = this->engine();
  auto view = snapshot({});
  const std::weak_ptr<const SearchSnapshot> watched = view;
  SearchCall call(*queries_, kUsual);
  call.search_in(std::move(view));
  ASSERT_TRUE(call.run(*engine).ok());
  EXPECT_TRUE(watched.expired());
  const std::weak_ptr<const Segment> segment = segments_[0];
  segments_.clear();
  EXPECT_TRUE(segment.expired());
  engine->forget_closed_files();
}

// A closed segment's file is let go of by workers that rest, and by those that never do. A lock belongs to the open
// file, so it tells when the last one has.
TEST_F(SnapshotSearch, ConcurrentWorkersForgetAClosedFile) {
  const std::string dir = dir_->file("passing");
  testing::build_segment(delta_of(0, 300), dir);
  for (const bool busy : {false, true}) {
    const auto engine = this->engine({.threads = 2});
    ThreadPool pool(1);
    auto passing = Segment::open(dir, reader_, pool).value();
    ASSERT_EQ(::flock(passing->page_file().file.fd(), LOCK_EX | LOCK_NB), 0);
    SearchCall first(*queries_, kUsual);
    first.search_in(SearchSnapshot::create(kSpace, {passing}, {}, {}).value());
    ASSERT_TRUE(first.run(*engine).ok());
    std::atomic<bool> ended{false};
    std::thread searcher([&] {
      while (busy && !ended.load()) {
        SearchCall call(*queries_, kUsual);
        call.search_in(SearchSnapshot::create(kSpace, segments_, {}, {}).value());
        ASSERT_TRUE(call.run(*engine).ok());
      }
    });
    const File other = File::open_read(passing->vectors_path()).value();
    const auto free = [&] { return ::flock(other.fd(), LOCK_EX | LOCK_NB) == 0; };
    EXPECT_FALSE(free());
    passing.reset();
    engine->forget_closed_files();
    bool gone = free();
    for (int tries = 0; !gone && tries < 2000; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      gone = free();
    }
    EXPECT_TRUE(gone) << (busy ? "busy" : "idle");
    ended.store(true);
    searcher.join();
  }
}

// One writer appends, kills and publishes; searchers use whatever is published, and see exactly that.
TEST_F(SnapshotSearch, ConcurrentWritesAndSearches) {
  const auto engine = this->engine({.threads = 2, .cache_bytes = 1 << 20});
  auto fresh = testing::empty_delta(kSpace.dim, kSpace.element, kSpace.metric, 16);
  std::mutex mutex;
  auto published = SearchSnapshot::create(kSpace, segments_, {fresh}, {}).value();
  std::atomic<bool> ended{false};
  std::thread linker([&] {
    while (!ended.load()) fresh->link_some(10);
  });
  std::vector<std::thread> searchers;
  for (uint32_t t = 0; t < 3; ++t) {
    searchers.emplace_back([&, t] {
      for (uint32_t i = 0; !ended.load(); ++i) {
        std::shared_ptr<const SearchSnapshot> view;
        {
          std::lock_guard lock(mutex);
          view = published;
        }
        SearchCall call(*queries_, (t + i) % 40, 1, i % 20 == 0 ? kExact : kUsual);
        call.search_in(view);
        ASSERT_TRUE(call.run(*engine).ok());
        for (const uint32_t row : call.rows_of(0)) {
          if (row == kNoRow) continue;
          const auto place = view->find(row);
          ASSERT_TRUE(place.ok() && place->has_value()) << "row " << row << " is not one of its snapshot";
        }
      }
    });
  }
  for (uint32_t row = kEnds[2]; row < kEnds[4]; row += 4) {
    append(*fresh, row, row + 4);
    const uint32_t dead[] = {row - 1000, row + 2, row - 2000};
    auto next = published->next({.dead = dead}).value();
    std::lock_guard lock(mutex);
    published = std::move(next);
  }
  ended.store(true);
  for (std::thread& searcher : searchers) searcher.join();
  linker.join();
  EXPECT_EQ(published->live_rows(), 2200 + 800 - 3 * 200);
}

}  // namespace
}  // namespace vamana
