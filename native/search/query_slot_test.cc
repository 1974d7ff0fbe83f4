// One query's way through a slot: what it asks to be read, what the cache spares it, and what it makes of
// damage.
#include "search/query_slot.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "testing/built_segment.h"
#include "testing/naive_search.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::VectorSet;

// Passes reads on and remembers them, in the order they were submitted.
class SpySession final : public ReadSession {
 public:
  explicit SpySession(std::unique_ptr<ReadSession> inner) : inner_(std::move(inner)) {}
  void submit(PageBatch* batch) override {
    batches.push_back(batch);
    inner_->submit(batch);
  }
  PageBatch* reap(bool wait) override { return inner_->reap(wait); }

  std::vector<PageBatch*> batches;

 private:
  std::unique_ptr<ReadSession> inner_;
};

// With one wave of reads and with two.
class QuerySlotTest : public ::testing::TestWithParam<bool> {
 protected:
  static constexpr testing::SyntheticOptions kOptions{.rows = 1500, .dim = 30, .seed = 14};

  static void SetUpTestSuite() {
    dir_ = new testing::TempDir();
    set_ = new VectorSet(make_vectors(kOptions));
    testing::build_segment(*set_, dir_->file("seg"));
  }
  static void TearDownTestSuite() {
    delete dir_;
    delete set_;
  }

  QuerySlotTest() : queries_(make_queries(kOptions, 8)), pool_(1) {
    segment_ = Segment::open(dir_->file("seg"), IoKind::kPread, pool_).value();
    arena_ = AlignedBuffer::create(kArenaPages * kPageBytes).value();
    snapshot_ = SearchSnapshot::create(space_of(*segment_), {segment_}, {}, {}).value();
    session_ = std::make_unique<SpySession>(segment_->reader()->open_session({}).value());
  }

  std::shared_ptr<SearchRequest> request(SearchParams params) const {
    auto request = std::make_shared<SearchRequest>();
    request->snapshot = snapshot_;
    request->queries = queries_.bytes;
    request->count = queries_.rows;
    request->params = params;
    request->rows.assign(request->count * params.k, 77);
    request->distances.assign(request->count * params.k, 77);
    request->costs.resize(request->count);
    return request;
  }

  std::span<uint8_t> arena() { return {arena_.data(), arena_.size()}; }

  // Everything up to finish().
  void begin(QuerySlot& slot, const std::shared_ptr<SearchRequest>& asked, uint32_t query) {
    session_->batches.clear();
    slot.begin(asked, query, scratch_, *session_);
    while (slot.waiting() > 0) {
      ASSERT_NE(session_->reap(true), nullptr);
      slot.arrived();
    }
    ASSERT_EQ(session_->reap(false), nullptr);
  }
  Status answer(QuerySlot& slot, const std::shared_ptr<SearchRequest>& asked, uint32_t query) {
    begin(slot, asked, query);
    Status status = slot.finish();
    EXPECT_EQ(slot.release(), asked);
    return status;
  }
  std::vector<PageRequest> requests() const {
    std::vector<PageRequest> all;
    for (const PageBatch* batch : session_->batches) {
      all.insert(all.end(), batch->requests.begin(), batch->requests.end());
    }
    return all;
  }

  // Every row in reach of the walk: the answer is then the truth.
  static constexpr SearchParams kWhole{.k = 10, .list_size = 1500, .rerank = 1500, .exact = false};

  void expect_truth(const SearchRequest& request, uint32_t query) {
    const auto truth = testing::naive_top_k(*set_, Metric::kL2, queries_.row(query), request.params.k);
    for (uint32_t i = 0; i < truth.size(); ++i) {
      ASSERT_EQ(request.rows[query * request.params.k + i], truth[i].row) << "place " << i;
      ASSERT_EQ(request.distances[query * request.params.k + i], truth[i].distance) << "place " << i;
    }
  }

  static constexpr uint64_t kArenaPages = 16;
  static inline testing::TempDir* dir_ = nullptr;
  static inline VectorSet* set_ = nullptr;

  const VectorSet queries_;
  ThreadPool pool_;
  std::shared_ptr<const Segment> segment_;
  StrategyTimes times_;
  AlignedBuffer arena_;
  SearchScratch scratch_;
  std::shared_ptr<const SearchSnapshot> snapshot_;
  std::unique_ptr<SpySession> session_;  // last: destroyed before the buffers it reads to
};

TEST_P(QuerySlotTest, AsksForEachSlotOnce) {
  PageCache cache(0, segment_->slot_pages() * kPageBytes);
  QuerySlot slot(space_of(*segment_), cache, times_, arena(), GetParam());
  auto asked = request({.k = 10, .list_size = 60, .rerank = 30});
  bool two = false;
  for (uint32_t q = 0; q < queries_.rows; ++q) {
    ASSERT_NO_FATAL_FAILURE(begin(slot, asked, q));
    EXPECT_TRUE(slot.busy());
    std::set<uint64_t> expected;
    for (uint32_t i = 0; i < 30; ++i)
      expected.insert(segment_->slot_page(segment_->slot_of(scratch_.walks[0].beam[i].node)));
    two |= session_->batches.size() == 2;
    std::set<uint64_t> pages;
    std::set<const uint8_t*> buffers;
    for (const PageRequest& read : requests()) {
      EXPECT_TRUE(pages.insert(read.page).second) << read.page;
      EXPECT_EQ(read.pages, segment_->slot_pages());
      EXPECT_EQ(reinterpret_cast<uintptr_t>(read.buffer) % kPageBytes, 0u);
      buffers.insert(read.buffer);
    }
    EXPECT_EQ(buffers.size(), pages.size());
    // The first of two waves may have asked for a page that fell out of the best.
    EXPECT_TRUE(std::includes(pages.begin(), pages.end(), expected.begin(), expected.end()));
    if (!GetParam()) {
      EXPECT_EQ(pages, expected);
    }
    ASSERT_TRUE(slot.finish().ok());
    EXPECT_EQ(asked->costs[q].reads, pages.size() * segment_->slot_pages());
    EXPECT_EQ(asked->costs[q].reranked, 30u);
    EXPECT_EQ(asked->costs[q].cache_hits, 0u);
    EXPECT_EQ(slot.release(), asked);
    EXPECT_FALSE(slot.busy());
  }
  EXPECT_EQ(two, GetParam());
}

// More reads than the arena has room for go to a buffer of the slot's own.
TEST_P(QuerySlotTest, AQueryThatReadsEverythingIsTheTruth) {
  PageCache cache(0, segment_->slot_pages() * kPageBytes);
  QuerySlot slot(space_of(*segment_), cache, times_, arena(), GetParam());
  auto asked = request(kWhole);
  for (uint32_t q = 0; q < queries_.rows; ++q) {
    ASSERT_TRUE(answer(slot, asked, q).ok());
    EXPECT_GT(requests().size(), kArenaPages);
    expect_truth(*asked, q);
  }
}

TEST_P(QuerySlotTest, WhatIsCachedIsNotReadAgain) {
  PageCache cache(16 << 20, segment_->slot_pages() * kPageBytes);
  QuerySlot slot(space_of(*segment_), cache, times_, arena(), GetParam());
  auto asked = request(kWhole);
  ASSERT_TRUE(answer(slot, asked, 0).ok());
  EXPECT_EQ(requests().size(), segment_->slots());
  ASSERT_TRUE(answer(slot, asked, 1).ok());
  EXPECT_TRUE(requests().empty());
  expect_truth(*asked, 0);
  expect_truth(*asked, 1);
  EXPECT_EQ(asked->costs[1].reads, 0u);
  EXPECT_EQ(asked->costs[1].cache_hits, segment_->slots());
}

// Slots from the cache and slots from the disk, mixed, must each go to their own records.
TEST_P(QuerySlotTest, SomeCachedAndSomeReadAreTheTruth) {
  PageCache cache(16 << 20, segment_->slot_pages() * kPageBytes);
  const auto file = testing::read_file(segment_->vectors_path());
  for (uint64_t s = 0; s < segment_->slots(); s += 3)
    cache.insert(segment_->cache_key(s), file.data() + segment_->slot_page(s) * kPageBytes);
  QuerySlot slot(space_of(*segment_), cache, times_, arena(), GetParam());
  auto asked = request(kWhole);
  ASSERT_TRUE(answer(slot, asked, 3).ok());
  expect_truth(*asked, 3);
  EXPECT_EQ(asked->costs[3].cache_hits + asked->costs[3].reads / segment_->slot_pages(), segment_->slots());
}

TEST_P(QuerySlotTest, ACancelledQueryFreesTheSlot) {
  PageCache cache(0, segment_->slot_pages() * kPageBytes);
  QuerySlot slot(space_of(*segment_), cache, times_, arena(), GetParam());
  auto asked = request(kWhole);
  asked->cancel = std::make_shared<CancelFlag>();
  asked->cancel->cancel();
  EXPECT_EQ(answer(slot, asked, 0).code(), Code::kAborted);
  auto next = request(kWhole);
  ASSERT_TRUE(answer(slot, next, 2).ok());
  expect_truth(*next, 2);
}

// In whichever wave it came.
TEST_P(QuerySlotTest, ADamagedSlotIsCorruptAndNotCached) {
  auto asked = request(kWhole);
  for (size_t wave = 0; wave < (GetParam() ? 2 : 1); ++wave) {
    PageCache cache(16 << 20, segment_->slot_pages() * kPageBytes);
    QuerySlot slot(space_of(*segment_), cache, times_, arena(), GetParam());
    ASSERT_NO_FATAL_FAILURE(begin(slot, asked, 0));
    ASSERT_GT(session_->batches.size(), wave);
    const PageRequest& read = session_->batches[wave]->requests.front();
    const uint64_t damaged = read.page - 1;
    read.buffer[100] ^= 4;
    const Status status = slot.finish();
    EXPECT_EQ(status.code(), Code::kCorrupt);
    const std::string offset = format("%llu", static_cast<unsigned long long>((1 + damaged) * kPageBytes));
    EXPECT_NE(status.message().find(segment_->vectors_path()), std::string::npos) << status.message();
    EXPECT_NE(status.message().find(offset), std::string::npos) << status.message();
    slot.release();
    std::vector<uint8_t> copy(segment_->slot_pages() * kPageBytes);
    EXPECT_FALSE(cache.lookup(segment_->cache_key(damaged / segment_->slot_pages()), copy.data()));
    ASSERT_TRUE(answer(slot, asked, 0).ok());
    expect_truth(*asked, 0);
  }
}

TEST_P(QuerySlotTest, AFailedReadIsTheQuerysFailure) {
  PageCache cache(16 << 20, segment_->slot_pages() * kPageBytes);
  QuerySlot slot(space_of(*segment_), cache, times_, arena(), GetParam());
  auto asked = request(kWhole);
  ASSERT_NO_FATAL_FAILURE(begin(slot, asked, 0));
  session_->batches.front()->status = Status(Code::kIo, "the disk is gone");
  EXPECT_EQ(slot.finish().code(), Code::kIo);
  slot.release();
  EXPECT_EQ(cache.facts().used_slots, 0u);
  // Nothing of the failure stays for the next.
  ASSERT_TRUE(answer(slot, asked, 0).ok());
  expect_truth(*asked, 0);
}

// Fewer reads; who was not read is answered with its own row and an estimate.
TEST_P(QuerySlotTest, ApproximateReadsOnlyWhatIsInDoubt) {
  PageCache cache(0, segment_->slot_pages() * kPageBytes);
  QuerySlot slot(space_of(*segment_), cache, times_, arena(), GetParam());
  auto exact = request({.k = 10, .list_size = 40});
  auto asked = request({.k = 10, .list_size = 40, .approximate = true});
  uint32_t fewer = 0, estimated = 0;
  for (uint32_t q = 0; q < queries_.rows; ++q) {
    ASSERT_TRUE(answer(slot, exact, q).ok());
    ASSERT_TRUE(answer(slot, asked, q).ok());
    EXPECT_LE(asked->costs[q].reads, exact->costs[q].reads);
    fewer += asked->costs[q].reads < exact->costs[q].reads;
    std::map<uint32_t, float> reals;
    for (const auto& one : testing::naive_top_k(*set_, Metric::kL2, queries_.row(q), 1500)) {
      reals[one.row] = one.distance;
    }
    std::set<uint32_t> rows;
    for (uint32_t i = 0; i < 10; ++i) {
      const uint32_t row = asked->rows[q * 10 + i];
      EXPECT_TRUE(rows.insert(row).second) << "row " << row << " twice";
      const float real = reals.at(row);
      const float told = asked->distances[q * 10 + i];
      estimated += told != real;
      EXPECT_NEAR(told, real, 0.5 * real);
      if (i > 0) {
        EXPECT_LE(asked->distances[q * 10 + i - 1], told);
      }
    }
  }
  EXPECT_GT(fewer, 0u);
  EXPECT_GT(estimated, 0u);
  EXPECT_EQ(segment_->memory().rows, 1500u * 4);
}

INSTANTIATE_TEST_SUITE_P(Waves, QuerySlotTest, ::testing::Bool(),
                         [](const auto& given) { return given.param ? std::string("Two") : std::string("One"); });

}  // namespace
}  // namespace vamana
