// One query's way through a slot: what it asks to be read, what the cache spares it, and what it makes of
// damage.
#include "search/query_slot.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "testing/built_segment.h"
#include "testing/naive_search.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::VectorSet;

class QuerySlotTest : public ::testing::Test {
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
    session_ = segment_->reader()->open_session({}).value();
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

  // Lets the session fulfil the slot's batch, if there is any.
  void read(QuerySlot& slot) {
    if (slot.batch().requests.empty()) return;
    session_->submit(&slot.batch());
    ASSERT_EQ(session_->reap(true), &slot.batch());
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
  AlignedBuffer arena_;
  SearchScratch scratch_;
  std::shared_ptr<const SearchSnapshot> snapshot_;
  std::unique_ptr<ReadSession> session_;  // last: destroyed before the buffers it reads to
};

TEST_F(QuerySlotTest, AsksForEachSlotOnceInOrder) {
  PageCache cache(0, segment_->slot_pages() * kPageBytes);
  QuerySlot slot(space_of(*segment_), cache, arena());
  auto asked = request({.k = 10, .list_size = 60, .rerank = 30});
  for (uint32_t q = 0; q < queries_.rows; ++q) {
    ASSERT_TRUE(slot.begin(asked, q, scratch_).ok());
    EXPECT_TRUE(slot.busy());
    std::set<uint64_t> expected;
    for (uint32_t i = 0; i < 30; ++i)
      expected.insert(segment_->slot_page(segment_->slot_of(scratch_.walks[0].beam[i].node)));
    const auto& requests = slot.batch().requests;
    ASSERT_EQ(requests.size(), expected.size());
    auto page = expected.begin();
    std::set<const uint8_t*> buffers;
    for (const PageRequest& read : requests) {
      EXPECT_EQ(read.page, *page++);
      EXPECT_EQ(read.pages, segment_->slot_pages());
      EXPECT_EQ(reinterpret_cast<uintptr_t>(read.buffer) % kPageBytes, 0u);
      buffers.insert(read.buffer);
    }
    EXPECT_EQ(buffers.size(), requests.size());
    read(slot);
    ASSERT_TRUE(slot.finish().ok());
    EXPECT_EQ(asked->costs[q].reads, expected.size() * segment_->slot_pages());
    EXPECT_EQ(asked->costs[q].reranked, 30u);
    EXPECT_EQ(asked->costs[q].cache_hits, 0u);
    EXPECT_EQ(slot.release(), asked);
    EXPECT_FALSE(slot.busy());
  }
}

// More reads than the arena has room for go to a buffer of the slot's own.
TEST_F(QuerySlotTest, AQueryThatReadsEverythingIsTheTruth) {
  PageCache cache(0, segment_->slot_pages() * kPageBytes);
  QuerySlot slot(space_of(*segment_), cache, arena());
  auto asked = request(kWhole);
  for (uint32_t q = 0; q < queries_.rows; ++q) {
    ASSERT_TRUE(slot.begin(asked, q, scratch_).ok());
    EXPECT_GT(slot.batch().requests.size(), kArenaPages);
    read(slot);
    ASSERT_TRUE(slot.finish().ok());
    expect_truth(*asked, q);
    slot.release();
  }
}

TEST_F(QuerySlotTest, WhatIsCachedIsNotReadAgain) {
  PageCache cache(16 << 20, segment_->slot_pages() * kPageBytes);
  QuerySlot slot(space_of(*segment_), cache, arena());
  auto asked = request(kWhole);
  ASSERT_TRUE(slot.begin(asked, 0, scratch_).ok());
  const size_t all = slot.batch().requests.size();
  EXPECT_EQ(all, segment_->slots());
  read(slot);
  ASSERT_TRUE(slot.finish().ok());
  slot.release();
  ASSERT_TRUE(slot.begin(asked, 1, scratch_).ok());
  EXPECT_TRUE(slot.batch().requests.empty());
  ASSERT_TRUE(slot.finish().ok());
  slot.release();
  expect_truth(*asked, 0);
  expect_truth(*asked, 1);
  EXPECT_EQ(asked->costs[1].reads, 0u);
  EXPECT_EQ(asked->costs[1].cache_hits, all);
}

// Slots from the cache and slots from the disk, mixed, must each go to their own records.
TEST_F(QuerySlotTest, SomeCachedAndSomeReadAreTheTruth) {
  PageCache cache(16 << 20, segment_->slot_pages() * kPageBytes);
  const auto file = testing::read_file(segment_->vectors_path());
  for (uint64_t s = 0; s < segment_->slots(); s += 3)
    cache.insert(segment_->cache_key(s), file.data() + segment_->slot_page(s) * kPageBytes);
  QuerySlot slot(space_of(*segment_), cache, arena());
  auto asked = request(kWhole);
  ASSERT_TRUE(slot.begin(asked, 3, scratch_).ok());
  read(slot);
  ASSERT_TRUE(slot.finish().ok());
  slot.release();
  expect_truth(*asked, 3);
  EXPECT_EQ(asked->costs[3].cache_hits + asked->costs[3].reads / segment_->slot_pages(), segment_->slots());
}

TEST_F(QuerySlotTest, ACancelledQueryFreesTheSlot) {
  PageCache cache(0, segment_->slot_pages() * kPageBytes);
  QuerySlot slot(space_of(*segment_), cache, arena());
  auto asked = request(kWhole);
  asked->cancel = std::make_shared<CancelFlag>();
  asked->cancel->cancel();
  EXPECT_EQ(slot.begin(asked, 0, scratch_).code(), Code::kAborted);
  EXPECT_EQ(slot.release(), asked);
  auto next = request(kWhole);
  ASSERT_TRUE(slot.begin(next, 2, scratch_).ok());
  read(slot);
  ASSERT_TRUE(slot.finish().ok());
  slot.release();
  expect_truth(*next, 2);
}

TEST_F(QuerySlotTest, ADamagedSlotIsCorruptAndNotCached) {
  PageCache cache(16 << 20, segment_->slot_pages() * kPageBytes);
  QuerySlot slot(space_of(*segment_), cache, arena());
  auto asked = request(kWhole);
  ASSERT_TRUE(slot.begin(asked, 0, scratch_).ok());
  read(slot);
  const uint64_t damaged = slot.batch().requests[5].page - 1;
  slot.batch().requests[5].buffer[100] ^= 4;
  const Status status = slot.finish();
  EXPECT_EQ(status.code(), Code::kCorrupt);
  const std::string offset = format("%llu", static_cast<unsigned long long>((1 + damaged) * kPageBytes));
  EXPECT_NE(status.message().find(segment_->vectors_path()), std::string::npos) << status.message();
  EXPECT_NE(status.message().find(offset), std::string::npos) << status.message();
  slot.release();
  std::vector<uint8_t> copy(segment_->slot_pages() * kPageBytes);
  EXPECT_FALSE(cache.lookup(segment_->cache_key(damaged / segment_->slot_pages()), copy.data()));
  ASSERT_TRUE(slot.begin(asked, 0, scratch_).ok());
  read(slot);
  ASSERT_TRUE(slot.finish().ok());
  slot.release();
  expect_truth(*asked, 0);
}

TEST_F(QuerySlotTest, AFailedReadIsTheQuerysFailure) {
  PageCache cache(16 << 20, segment_->slot_pages() * kPageBytes);
  QuerySlot slot(space_of(*segment_), cache, arena());
  auto asked = request(kWhole);
  ASSERT_TRUE(slot.begin(asked, 0, scratch_).ok());
  read(slot);
  slot.batch().status = Status(Code::kIo, "the disk is gone");
  EXPECT_EQ(slot.finish().code(), Code::kIo);
  slot.release();
  EXPECT_EQ(cache.facts().used_slots, 0u);
  // Nothing of the failure stays for the next.
  ASSERT_TRUE(slot.begin(asked, 0, scratch_).ok());
  EXPECT_TRUE(slot.batch().status.ok());
  read(slot);
  ASSERT_TRUE(slot.finish().ok());
  slot.release();
  expect_truth(*asked, 0);
}

}  // namespace
}  // namespace vamana
