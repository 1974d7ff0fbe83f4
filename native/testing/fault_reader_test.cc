// The faults themselves; that without one the reader changes nothing is in io/page_reader_test.cc.
#include "testing/fault_reader.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>

#include "base/aligned_buffer.h"
#include "testing/temp_dir.h"

namespace vamana::testing {
namespace {

constexpr uint64_t kFilePages = 64;

class FaultReaderTest : public ::testing::TestWithParam<IoKind> {
 protected:
  void SetUp() override {
    content_ = random_bytes(kFilePages * kPageBytes, 11);
    write_file(dir_.file("pages"), content_);
    auto opened = open_page_reader(GetParam());
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    reader_ = std::make_unique<FaultReader>(std::move(opened).value());
    file_ = reader_->open_file(dir_.file("pages")).value();
    session_ = reader_->open_session({}).value();
    memory_ = AlignedBuffer::create(kFilePages * kPageBytes).value();
  }

  // Pages [first, first + count), each into its own place.
  PageBatch batch_of(uint64_t first, uint64_t count) {
    PageBatch batch;
    for (uint64_t page = first; page < first + count; ++page) {
      batch.requests.push_back(
          {.file = file_.get(), .page = page, .pages = 1, .buffer = memory_.data() + page * kPageBytes});
    }
    return batch;
  }

  bool right(const PageRequest& request) const {
    return request.data != nullptr &&
           std::memcmp(request.data, content_.data() + request.page * kPageBytes, kPageBytes) == 0;
  }

  TempDir dir_;
  std::vector<uint8_t> content_;
  AlignedBuffer memory_;
  std::unique_ptr<FaultReader> reader_;
  std::shared_ptr<const PageFile> file_;
  std::unique_ptr<ReadSession> session_;
};

TEST_P(FaultReaderTest, FailsTheNthReadAlone) {
  PageBatch before = batch_of(0, 3);
  session_->submit(&before);
  ASSERT_EQ(session_->reap(true), &before);
  reader_->fail_read(2, Status(Code::kIo, "the second from now"));
  PageBatch batch = batch_of(0, 4);
  for (int round = 0; round < 2; ++round) {
    session_->submit(&batch);
    ASSERT_EQ(session_->reap(true), &batch);
    EXPECT_EQ(batch.status.code(), round == 0 ? Code::kIo : Code::kOk);
    for (size_t i = 0; i < 4; ++i) EXPECT_EQ(right(batch.requests[i]), round == 1 || i != 1) << i;
  }
  EXPECT_EQ(reader_->reads(), 11u);
}

TEST_P(FaultReaderTest, FailsEveryReadFromTheNth) {
  reader_->fail_from(3, Status(Code::kIo, "gone"));
  PageBatch batch = batch_of(0, 4);
  session_->submit(&batch);
  ASSERT_EQ(session_->reap(true), &batch);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(right(batch.requests[i]), i < 2) << i;
  session_->submit(&batch);
  ASSERT_EQ(session_->reap(true), &batch);
  EXPECT_EQ(batch.status.message(), "gone");
  for (const auto& request : batch.requests) EXPECT_EQ(request.data, nullptr);
}

TEST_P(FaultReaderTest, FlipsOneByte) {
  reader_->flip_byte(1, 100);
  PageBatch batch = batch_of(5, 2);
  session_->submit(&batch);
  ASSERT_EQ(session_->reap(true), &batch);
  EXPECT_TRUE(batch.status.ok());
  const uint8_t* file = content_.data() + 5 * kPageBytes;
  for (size_t i = 0; i < kPageBytes; ++i) {
    ASSERT_EQ(batch.requests[0].data[i], i == 100 ? file[i] ^ 0xFF : file[i]) << i;
  }
  EXPECT_TRUE(right(batch.requests[1]));
}

TEST_P(FaultReaderTest, DelaysABatch) {
  reader_->delay(std::chrono::milliseconds(20));
  PageBatch batch = batch_of(0, 2);
  const auto begin = std::chrono::steady_clock::now();
  session_->submit(&batch);
  EXPECT_EQ(session_->reap(false), nullptr);
  EXPECT_EQ(session_->reap(true), &batch);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(20));
}

TEST_P(FaultReaderTest, ReordersBatches) {
  reader_->reorder(4);
  reader_->hold();
  std::vector<PageBatch> batches;
  for (uint64_t i = 0; i < 16; ++i) batches.push_back(batch_of(i, 1));
  for (auto& batch : batches) session_->submit(&batch);
  // All are ready before the first is handed back.
  std::thread opener([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    reader_->release();
  });
  std::vector<PageBatch*> order;
  while (PageBatch* batch = session_->reap(true)) order.push_back(batch);
  opener.join();
  EXPECT_EQ(std::set<PageBatch*>(order.begin(), order.end()).size(), 16u);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
}

TEST_P(FaultReaderTest, ConcurrentReleaseEndsAHold) {
  reader_->hold();
  PageBatch batch = batch_of(0, 2);
  session_->submit(&batch);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(session_->reap(false), nullptr);
  std::thread opener([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    reader_->release();
  });
  EXPECT_EQ(session_->reap(true), &batch);
  opener.join();
  EXPECT_EQ(session_->reap(true), nullptr);
}

TEST_P(FaultReaderTest, AHeldSessionCanBeDestroyed) {
  reader_->hold();
  PageBatch batch = batch_of(0, 8);
  session_->submit(&batch);
  EXPECT_EQ(session_->reap(false), nullptr);
  session_.reset();
}

INSTANTIATE_TEST_SUITE_P(Readers, FaultReaderTest, ::testing::Values(IoKind::kPread, IoKind::kMmap),
                         [](const auto& info) { return std::string(io_kind_name(info.param)); });

}  // namespace
}  // namespace vamana::testing
