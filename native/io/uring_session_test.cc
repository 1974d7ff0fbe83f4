// What the io_uring session promises beyond the contract: how few system calls it makes, and that what the
// kernel refuses is done without.
#include "io/uring_session.h"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mman.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "base/aligned_buffer.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

constexpr uint64_t kFilePages = 256;

class UringSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    content_ = testing::random_bytes(kFilePages * kPageBytes, 7);
    testing::write_file(dir_.file("pages"), content_);
    auto file = open_page_file(dir_.file("pages"), Caching::kDirectIfPossible);
    ASSERT_TRUE(file.ok()) << file.status().message();
    file_ = std::move(file).value();
    const auto ring = UringRing::create(1);
    if (!ring.ok()) GTEST_SKIP() << "the kernel refuses io_uring: " << ring.status().message();
    memory_ = AlignedBuffer::create(kFilePages * kPageBytes).value();
  }

  std::unique_ptr<UringSession> session(SessionOptions options = {}) {
    auto created = UringSession::create(options);
    EXPECT_TRUE(created.ok()) << created.status().message();
    return std::move(created).value();
  }

  // Pages [0, count), each into its own place of memory_.
  PageBatch batch_of(uint64_t count) {
    PageBatch batch;
    for (uint64_t i = 0; i < count; ++i) {
      batch.requests.push_back({.file = file_.get(), .page = i, .pages = 1, .buffer = memory_.data() + i * kPageBytes});
    }
    return batch;
  }

  void expect_right(const PageBatch& batch) {
    EXPECT_TRUE(batch.status.ok()) << batch.status.message();
    EXPECT_EQ(std::memcmp(memory_.data(), content_.data(), batch.requests.size() * kPageBytes), 0);
  }

  testing::TempDir dir_;
  std::vector<uint8_t> content_;
  std::shared_ptr<const PageFile> file_;
  AlignedBuffer memory_;
};

TEST_F(UringSessionTest, OneSystemCallStartsABatchAndOneWaitsForIt) {
  auto s = session();
  for (const uint64_t count : {1, 20, 256}) {
    PageBatch batch = batch_of(count);
    const uint64_t before = s->enters();
    s->submit(&batch);
    EXPECT_EQ(s->enters(), before + 1) << count;
    EXPECT_EQ(s->reap(true), &batch);
    // One for each signal that interrupts the wait would be added; there are none here.
    EXPECT_LE(s->enters(), before + 2) << count;
    expect_right(batch);
  }
}

TEST_F(UringSessionTest, ReapingWithNothingInFlightMakesNoSystemCall) {
  auto s = session();
  EXPECT_EQ(s->reap(false), nullptr);
  EXPECT_EQ(s->reap(true), nullptr);
  EXPECT_EQ(s->enters(), 0u);
}

TEST_F(UringSessionTest, AQueueThatIsTooShortIsRefilledInFewCalls) {
  SessionOptions options;
  options.queue_depth = 32;
  auto s = session(options);
  PageBatch batch = batch_of(256);
  s->submit(&batch);
  EXPECT_EQ(s->reap(true), &batch);
  // Refilled by halves: 256 / 16 calls, and not one a request.
  EXPECT_LE(s->enters(), 20u);
  expect_right(batch);
}

TEST_F(UringSessionTest, AnArenaIsRegisteredAndUsed) {
  SessionOptions options;
  options.buffer_arena = {memory_.data(), 64 * kPageBytes};
  auto s = session(options);
  if (!s->registered_buffers()) GTEST_SKIP() << "the kernel refuses to register 256 KiB (RLIMIT_MEMLOCK)";
  PageBatch batch = batch_of(80);  // the last 16 outside
  batch.requests[79].pages = 2;
  s->submit(&batch);
  EXPECT_EQ(s->reap(true), &batch);
  expect_right(batch);
}

TEST_F(UringSessionTest, ABufferThatLeavesTheArenaIsReadPlainly) {
  SessionOptions options;
  options.buffer_arena = {memory_.data(), 4 * kPageBytes};
  auto s = session(options);
  PageBatch batch;
  batch.requests.push_back({.file = file_.get(), .page = 0, .pages = 6, .buffer = memory_.data()});
  s->submit(&batch);
  EXPECT_EQ(s->reap(true), &batch);
  EXPECT_TRUE(batch.status.ok()) << batch.status.message();
  EXPECT_EQ(std::memcmp(memory_.data(), content_.data(), 6 * kPageBytes), 0);
}

TEST_F(UringSessionTest, AnArenaThatTheKernelRefusesIsDoneWithout) {
  // Memory that may not be touched can not be registered, whatever the limits are.
  const size_t bytes = 16 * kPageBytes;
  void* forbidden = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(forbidden, MAP_FAILED);
  {
    SessionOptions options;
    options.buffer_arena = {static_cast<uint8_t*>(forbidden), bytes};
    auto s = session(options);
    EXPECT_FALSE(s->registered_buffers());
    PageBatch batch = batch_of(8);
    s->submit(&batch);
    EXPECT_EQ(s->reap(true), &batch);
    expect_right(batch);

    // A read into such memory fails alone.
    batch.requests[3].buffer = static_cast<uint8_t*>(forbidden);
    s->submit(&batch);
    EXPECT_EQ(s->reap(true), &batch);
    EXPECT_EQ(batch.status.code(), Code::kIo);
    EXPECT_NE(batch.status.message().find("at byte 12288"), std::string::npos) << batch.status.message();
    for (size_t i = 0; i < 8; ++i) EXPECT_EQ(batch.requests[i].data != nullptr, i != 3) << i;
  }
  ::munmap(forbidden, bytes);
}

TEST_F(UringSessionTest, TheReaderSaysWhetherBuffersAreRegistered) {
  const auto reader = open_page_reader(IoKind::kUring);
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  EXPECT_FALSE(reader.value()->facts().registered_buffers);
  SessionOptions options;
  options.buffer_arena = {memory_.data(), 4 * kPageBytes};
  const bool registers = session(options)->registered_buffers();
  const auto first = reader.value()->open_session(options);
  EXPECT_EQ(reader.value()->facts().registered_buffers, registers);
  const auto second = reader.value()->open_session({});
  EXPECT_FALSE(reader.value()->facts().registered_buffers);
}

// A lock belongs to the open file, so it tells how long the ring keeps one that we closed.
TEST_F(UringSessionTest, AClosedFileIsKeptUntilItIsForgotten) {
  const std::string path = dir_.file("locked");
  testing::write_file(path, content_);
  std::shared_ptr<const PageFile> file = open_page_file(path, Caching::kDirectIfPossible).value();
  ASSERT_EQ(::flock(file->file.fd(), LOCK_EX | LOCK_NB), 0);
  auto s = session();
  PageBatch batch = batch_of(3);
  for (auto& request : batch.requests) request.file = file.get();
  s->submit(&batch);
  ASSERT_EQ(s->reap(true), &batch);
  expect_right(batch);
  const File other = File::open_read(path).value();
  const auto free = [&] { return ::flock(other.fd(), LOCK_EX | LOCK_NB) == 0; };
  s->forget_closed_files();
  EXPECT_FALSE(free()) << "a file that is open must stay";
  file.reset();
  s->forget_closed_files();
  // The kernel lets go of it in the background.
  bool gone = free();
  for (int tries = 0; !gone && tries < 1000; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    gone = free();
  }
  EXPECT_TRUE(gone);
}

TEST_F(UringSessionTest, TheRingTakesBackWhatTheKernelDidNotTake) {
  auto ring = UringRing::create(4);
  ASSERT_TRUE(ring.ok());
  UringRing& r = *ring.value();
  for (uint64_t i = 0; i < 3; ++i) {
    io_uring_sqe& entry = r.prepare();
    entry.opcode = IORING_OP_NOP;
    entry.user_data = i;
  }
  EXPECT_EQ(r.take_back(), 2u);
  EXPECT_EQ(r.unsubmitted(), 2u);
  ASSERT_EQ(r.enter(2), 0);
  EXPECT_EQ(r.unsubmitted(), 0u);
  std::vector<uint64_t> seen;
  r.drain([&](uint64_t user_data, int32_t result) {
    EXPECT_EQ(result, 0);
    seen.push_back(user_data);
  });
  EXPECT_EQ(seen, (std::vector<uint64_t>{0, 1}));
}

}  // namespace
}  // namespace vamana
