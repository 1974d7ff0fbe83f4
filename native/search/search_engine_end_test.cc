// How requests end when they do not simply succeed: refused, cancelled, closed upon, or failed by the disk.
// In every case `done` is called exactly once, and the engine goes on serving.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "base/prng.h"
#include "search/search_engine.h"
#include "testing/built_segment.h"
#include "testing/fault_reader.h"
#include "testing/search_call.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::FaultReader;
using testing::SearchCall;
using testing::VectorSet;

constexpr testing::SyntheticOptions kOptions{.rows = 1200, .dim = 30, .seed = 6};
constexpr SearchParams kUsual{.k = 10, .list_size = 40, .rerank = 20, .exact = false};
constexpr SearchParams kExact{.k = 10, .list_size = 40, .rerank = 20, .exact = true};

class SearchEngineEnd : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = new testing::TempDir();
    set_ = new VectorSet(make_vectors(kOptions));
    queries_ = new VectorSet(make_queries(kOptions, 30));
    testing::build_segment(*set_, dir_->file("seg"));
  }
  static void TearDownTestSuite() {
    delete dir_;
    delete set_;
    delete queries_;
  }

  // An engine whose reads pass through reader_.
  std::unique_ptr<SearchEngine> engine(const EngineOptions& options) {
    ThreadPool pool(1);
    reader_ = std::make_shared<FaultReader>(open_page_reader(IoKind::kPread).value());
    return SearchEngine::create(Segment::open(dir_->file("seg"), reader_, pool).value(), options).value();
  }

  // Until reads have been submitted: a query is then in flight.
  void wait_for_reads() const {
    while (reader_->reads() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  static void expect_serves(SearchEngine& engine) {
    SearchCall call(*queries_, kUsual);
    const Status status = call.run(engine);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_NE(call.rows_of(0)[9], kNoRow);
  }

  static inline testing::TempDir* dir_ = nullptr;
  static inline VectorSet* set_ = nullptr;
  static inline VectorSet* queries_ = nullptr;
  std::shared_ptr<FaultReader> reader_;  // the segment's
};

TEST_F(SearchEngineEnd, WhatCannotWorkIsRefusedAtOnce) {
  const auto engine = this->engine({});
  const auto refused = [&](const SearchParams& params) {
    SearchCall call(*queries_, params);
    return call.submit(*engine).code() == Code::kInvalidArgument && call.done_calls() == 0;
  };
  EXPECT_TRUE(refused({.k = 0}));
  EXPECT_TRUE(refused({.k = kMaxK + 1}));
  EXPECT_TRUE(refused({.list_size = 0}));
  EXPECT_TRUE(refused({.list_size = kMaxListSize + 1}));
  EXPECT_TRUE(refused({.rerank = kMaxListSize + 1}));
  auto short_one = std::make_shared<SearchRequest>();
  short_one->count = 2;
  short_one->queries.resize(queries_->row_bytes() * 2 - 1);
  EXPECT_EQ(engine->submit(short_one).code(), Code::kInvalidArgument);
  auto empty = std::make_shared<SearchRequest>();
  EXPECT_EQ(engine->submit(empty).code(), Code::kInvalidArgument);
  expect_serves(*engine);
}

TEST_F(SearchEngineEnd, OptionsThatCannotWorkAreRefused) {
  ThreadPool pool(1);
  const auto segment = Segment::open(dir_->file("seg"), IoKind::kPread, pool).value();
  EXPECT_EQ(SearchEngine::create(segment, {.threads = 0}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(SearchEngine::create(segment, {.threads = 1025}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(SearchEngine::create(segment, {.in_flight = 257}).status().code(), Code::kInvalidArgument);
}

// Lets its sessions be opened a number of times only.
class FewSessions final : public PageReader {
 public:
  FewSessions(std::unique_ptr<PageReader> inner, int sessions) : inner_(std::move(inner)), left_(sessions) {}
  Result<std::unique_ptr<ReadSession>> open_session(const SessionOptions& options) override {
    if (left_.fetch_sub(1) <= 0) return Status(Code::kUnsupported, "no more sessions");
    return inner_->open_session(options);
  }
  Result<std::shared_ptr<const PageFile>> open_file(const std::string& path) override {
    return inner_->open_file(path);
  }
  ReaderFacts facts() const override { return inner_->facts(); }

 private:
  std::unique_ptr<PageReader> inner_;
  std::atomic<int> left_;
};

TEST_F(SearchEngineEnd, AWorkerThatCannotReadFailsTheCreation) {
  ThreadPool pool(1);
  for (const int sessions : {0, 2}) {
    const auto reader = std::make_shared<FewSessions>(open_page_reader(IoKind::kPread).value(), sessions);
    const auto segment = Segment::open(dir_->file("seg"), reader, pool);
    EXPECT_EQ(SearchEngine::create(segment.value(), {.threads = 3}).status().code(), Code::kUnsupported);
  }
}

TEST_F(SearchEngineEnd, CancelledBeforeItBegan) {
  const auto engine = this->engine({.threads = 2});
  for (const SearchParams& params : {kUsual, kExact}) {
    SearchCall call(*queries_, params);
    call.cancel();
    EXPECT_EQ(call.run(*engine).code(), Code::kAborted);
    EXPECT_EQ(call.done_calls(), 1u);
  }
  expect_serves(*engine);
}

TEST_F(SearchEngineEnd, CancelledOnItsWay) {
  const auto engine = this->engine({.threads = 1, .in_flight = 2});
  reader_->hold();
  SearchCall call(*queries_, kUsual);
  ASSERT_TRUE(call.submit(*engine).ok());
  wait_for_reads();
  call.cancel();
  reader_->release();
  ASSERT_TRUE(call.wait());
  EXPECT_EQ(call.result().status.code(), Code::kAborted);
  expect_serves(*engine);
  EXPECT_EQ(call.done_calls(), 1u);
}

TEST_F(SearchEngineEnd, AFullQueueIsBusy) {
  const auto engine = this->engine({.threads = 1, .in_flight = 1, .queue_requests = 2});
  reader_->hold();
  SearchCall flying(*queries_, 0, 1, kUsual), first(*queries_, kUsual), second(*queries_, kUsual);
  ASSERT_TRUE(flying.submit(*engine).ok());
  wait_for_reads();
  ASSERT_TRUE(first.submit(*engine).ok());
  ASSERT_TRUE(second.submit(*engine).ok());
  SearchCall third(*queries_, kUsual);
  EXPECT_EQ(third.submit(*engine).code(), Code::kBusy);
  reader_->release();
  for (const SearchCall* call : {&flying, &first, &second}) {
    ASSERT_TRUE(call->wait());
    EXPECT_TRUE(call->result().status.ok());
  }
  EXPECT_EQ(third.done_calls(), 0u);
  EXPECT_TRUE(third.run(*engine).ok());
}

TEST_F(SearchEngineEnd, CloseFinishesWhatFliesAndRefusesWhatWaits) {
  const auto engine = this->engine({.threads = 1, .in_flight = 1});
  reader_->hold();
  // One query flies alone; of another request one flies and the rest waits; one request waits as a whole.
  SearchCall waiting(*queries_, kUsual), split(*queries_, kUsual), exact(*queries_, kExact);
  ASSERT_TRUE(split.submit(*engine).ok());
  wait_for_reads();
  ASSERT_TRUE(waiting.submit(*engine).ok());
  ASSERT_TRUE(exact.submit(*engine).ok());
  std::thread closer([&] { engine->close(); });
  ASSERT_TRUE(waiting.wait());
  ASSERT_TRUE(exact.wait());
  EXPECT_EQ(waiting.result().status.code(), Code::kClosed);
  EXPECT_EQ(exact.result().status.code(), Code::kClosed);
  EXPECT_EQ(split.done_calls(), 0u) << "its first query's read is still out";
  reader_->release();
  closer.join();
  EXPECT_EQ(split.done_calls(), 1u);
  EXPECT_EQ(split.result().status.code(), Code::kClosed);
  EXPECT_EQ(waiting.done_calls(), 1u);
  SearchCall late(*queries_, kUsual);
  EXPECT_EQ(late.submit(*engine).code(), Code::kClosed);
  EXPECT_EQ(late.done_calls(), 0u);
  engine->close();
}

TEST_F(SearchEngineEnd, CloseLetsASingleQueryInFlightSucceed) {
  const auto engine = this->engine({});
  reader_->hold();
  SearchCall call(*queries_, 0, 1, kUsual);
  ASSERT_TRUE(call.submit(*engine).ok());
  wait_for_reads();
  std::thread closer([&] { engine->close(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(call.done_calls(), 0u);
  reader_->release();
  closer.join();
  EXPECT_EQ(call.done_calls(), 1u);
  EXPECT_TRUE(call.result().status.ok());
}

TEST_F(SearchEngineEnd, DestroyingItIsClosingIt) {
  SearchCall first(*queries_, kUsual), second(*queries_, kUsual);
  {
    const auto engine = this->engine({});
    ASSERT_TRUE(first.submit(*engine).ok());
    ASSERT_TRUE(second.submit(*engine).ok());
  }
  EXPECT_EQ(first.done_calls(), 1u);
  EXPECT_EQ(second.done_calls(), 1u);
}

TEST_F(SearchEngineEnd, AReadThatFailsFailsItsRequestOnly) {
  const auto engine = this->engine({.threads = 1, .in_flight = 3});
  for (const uint64_t nth : {1u, 2u, 30u}) {
    reader_->fail_read(nth, Status(Code::kIo, "the disk said no"));
    SearchCall call(*queries_, kUsual);
    const Status status = call.run(*engine);
    EXPECT_EQ(status.code(), Code::kIo);
    EXPECT_NE(status.message().find("the disk said no"), std::string::npos) << status.message();
    expect_serves(*engine);
    EXPECT_EQ(call.done_calls(), 1u);
  }
}

TEST_F(SearchEngineEnd, AReadThatLiesIsCorruptAndNeverCached) {
  const auto engine = this->engine({.threads = 1, .cache_bytes = 8 << 20});
  reader_->flip_byte(3, 1000);
  SearchCall call(*queries_, kUsual);
  const Status status = call.run(*engine);
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_NE(status.message().find("checksum"), std::string::npos) << status.message();
  SearchCall again(*queries_, kUsual), plain(*queries_, kUsual);
  EXPECT_TRUE(again.run(*engine).ok());
  EXPECT_TRUE(plain.run(*this->engine({})).ok());
  EXPECT_EQ(again.result().rows, plain.result().rows);
}

TEST_F(SearchEngineEnd, ADiskThatIsGoneFailsEveryRequestUntilClose) {
  const auto engine = this->engine({.threads = 2, .in_flight = 4});
  reader_->fail_from(1, Status(Code::kIo, "gone"));
  for (int i = 0; i < 5; ++i) {
    SearchCall call(*queries_, kUsual);
    EXPECT_EQ(call.run(*engine).code(), Code::kIo);
    EXPECT_EQ(call.done_calls(), 1u);
  }
}

// Requests of all kinds from several threads while reads fail, are falsified, delayed and reordered, some
// requests are cancelled, and in the end the engine is closed under them.
TEST_F(SearchEngineEnd, ConcurrentCallersAmongFailuresCancelsAndClose) {
  for (const uint64_t seed : {1u, 2u}) {
    SCOPED_TRACE(format("seed %llu", static_cast<unsigned long long>(seed)));
    const auto engine =
        this->engine({.threads = 3, .in_flight = 4, .queue_requests = 6, .cache_bytes = seed == 1 ? 0u : 300'000u});
    reader_->reorder(seed);
    std::atomic<bool> stop{false};
    std::atomic<uint32_t> wrong{0};
    std::vector<std::thread> callers;
    for (uint32_t caller = 0; caller < 4; ++caller) {
      callers.emplace_back([&, caller] {
        Prng prng(seed * 100 + caller);
        for (uint32_t round = 0; round < 2000 && !stop; ++round) {
          SearchCall call(*queries_, 0, static_cast<uint32_t>(1 + prng.below(20)),
                          prng.below(8) == 0 ? kExact : kUsual);
          const Status refused = call.submit(*engine);
          if (!refused.ok()) {
            if (call.done_calls() != 0 || (refused.code() != Code::kBusy && refused.code() != Code::kClosed)) ++wrong;
            continue;
          }
          if (prng.below(5) == 0) call.cancel();
          if (prng.below(4) == 0) reader_->fail_read(1 + prng.below(20), Status(Code::kIo, "now and then"));
          if (prng.below(9) == 0) reader_->flip_byte(1 + prng.below(20), prng.below(kPageBytes));
          if (!call.wait() || call.done_calls() != 1) ++wrong;
          const Code code = call.result().status.code();
          if (code != Code::kOk && code != Code::kIo && code != Code::kCorrupt && code != Code::kAborted &&
              code != Code::kClosed) {
            ++wrong;
          }
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    engine->close();
    stop = true;
    for (auto& caller : callers) caller.join();
    EXPECT_EQ(wrong, 0u);
  }
}

}  // namespace
}  // namespace vamana
