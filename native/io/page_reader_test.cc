// The contract of io/page_reader.h, run over every reader, plain and through the fault reader without a
// fault, on a disk and on a file system without O_DIRECT. What only one reader promises is tested beside it.
#include "io/page_reader.h"

#include <gtest/gtest.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <set>
#include <thread>

#include "base/aligned_buffer.h"
#include "base/prng.h"
#include "io/page_file.h"
#include "testing/fault_reader.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::FaultReader;
using testing::TempDir;

constexpr uint64_t kFilePages = 512;
constexpr uint64_t kSeed = 20240611;

struct Case {
  const char* name;
  IoKind kind;
  bool wrapped;        // in a fault reader without faults
  const char* parent;  // of the temporary folder; "" is the default
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

// One batch of one file's pages, with its own aligned memory.
struct TestBatch {
  TestBatch(const std::shared_ptr<const PageFile>& file_in, uint64_t pages)
      : file(file_in.get()), memory(AlignedBuffer::create(pages * kPageBytes).value()) {}

  void add(uint64_t page, uint32_t pages = 1) {
    ASSERT_LE((used + pages) * kPageBytes, memory.size());
    batch.requests.push_back({.file = file, .page = page, .pages = pages, .buffer = memory.data() + used * kPageBytes});
    used += pages;
  }

  const PageFile* file;
  AlignedBuffer memory;
  uint64_t used = 0;
  PageBatch batch;
};

class PageReaderContract : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (*GetParam().parent != '\0' && ::access(GetParam().parent, W_OK) != 0) {
      GTEST_SKIP() << GetParam().parent << " is not writable here";
    }
    dir_ = std::make_unique<TempDir>(GetParam().parent);
    path_ = dir_->file("pages");
    content_ = testing::random_bytes(kFilePages * kPageBytes, kSeed);
    testing::write_file(path_, content_);
    reader_ = open();
    if (reader_ == nullptr) GTEST_SKIP() << "the kernel refuses io_uring: " << refusal_;
    auto file = reader_->open_file(path_);
    ASSERT_TRUE(file.ok()) << file.status().message();
    file_ = std::move(file).value();
  }

  std::unique_ptr<PageReader> open() {
    auto opened = open_page_reader(GetParam().kind);
    if (!opened.ok()) {
      EXPECT_EQ(opened.status().code(), Code::kUnsupported) << opened.status().message();
      EXPECT_EQ(GetParam().kind, IoKind::kUring) << opened.status().message();
      refusal_ = opened.status().message();
      return nullptr;
    }
    if (!GetParam().wrapped) return std::move(opened).value();
    return std::make_unique<FaultReader>(std::move(opened).value());
  }

  std::unique_ptr<ReadSession> session(SessionOptions options = {}) {
    auto opened = reader_->open_session(options);
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    return std::move(opened).value();
  }

  bool right(const PageRequest& request) const {
    return request.data != nullptr &&
           std::memcmp(request.data, content_.data() + request.page * kPageBytes, request.pages * kPageBytes) == 0;
  }

  void expect_right(const PageBatch& batch) const {
    EXPECT_TRUE(batch.status.ok()) << batch.status.message();
    for (const auto& request : batch.requests) {
      EXPECT_TRUE(right(request)) << "page " << request.page << ", " << request.pages << " pages";
    }
  }

  // Submits and waits for one batch with nothing else in flight.
  void read(ReadSession& session, TestBatch& batch) const {
    session.submit(&batch.batch);
    ASSERT_EQ(session.reap(true), &batch.batch);
  }

  std::unique_ptr<TempDir> dir_;
  std::string path_, refusal_;
  std::vector<uint8_t> content_;
  std::unique_ptr<PageReader> reader_;
  std::shared_ptr<const PageFile> file_;
};

TEST_P(PageReaderContract, SaysWhatItIs) {
  EXPECT_EQ(file_->pages, kFilePages);
  const ReaderFacts facts = facts_with(reader_->facts(), *file_);
  EXPECT_EQ(facts.kind, GetParam().kind);
  if (facts.kind == IoKind::kMmap) {
    EXPECT_FALSE(facts.direct);
  } else {
    // Either the system's cache is passed by, or it is said why not.
    EXPECT_EQ(facts.direct, facts.note.empty()) << facts.note;
  }
  RecordProperty("direct", facts.direct);
}

TEST_P(PageReaderContract, RandomBatchesEqualTheFile) {
  auto s = session();
  Prng prng(kSeed);
  for (const size_t requests : {1, 2, 3, 7, 20, 64, 255, 256, 257, 1000}) {
    TestBatch batch(file_, 4 * requests);
    for (size_t i = 0; i < requests; ++i) {
      const auto pages = static_cast<uint32_t>(1 + prng.below(4));
      batch.add(prng.below(kFilePages - pages + 1), pages);
    }
    read(*s, batch);
    expect_right(batch.batch);
  }
}

TEST_P(PageReaderContract, ABatchCanBeSubmittedAgain) {
  auto s = session();
  TestBatch batch(file_, 1);
  for (uint64_t page = 0; page < 20; ++page) {
    batch.batch.requests.clear();
    batch.used = 0;
    batch.add(page);
    read(*s, batch);
    expect_right(batch.batch);
  }
}

TEST_P(PageReaderContract, WholeFileInOneRequest) {
  auto s = session();
  TestBatch batch(file_, kFilePages);
  batch.add(0, kFilePages);
  read(*s, batch);
  expect_right(batch.batch);
}

TEST_P(PageReaderContract, DuplicatesAndTheLastPage) {
  auto s = session();
  TestBatch batch(file_, 10);
  for (int i = 0; i < 4; ++i) batch.add(7);
  batch.add(7, 2);
  batch.add(kFilePages - 1);
  batch.add(kFilePages - 2, 2);
  batch.add(0);
  read(*s, batch);
  expect_right(batch.batch);
}

TEST_P(PageReaderContract, PastTheEndIsCorruptAndDisturbsNothingElse) {
  auto s = session();
  TestBatch good(file_, 2);
  good.add(3);
  good.add(kFilePages - 1);
  TestBatch bad(file_, 10);
  bad.add(5);
  bad.add(kFilePages);            // wholly past the end
  bad.add(kFilePages - 1, 2);     // partly
  bad.add(UINT64_MAX / 4096, 3);  // its byte offset overflows
  bad.add(UINT64_MAX, 1);
  bad.add(9, 2);
  s->submit(&bad.batch);
  s->submit(&good.batch);
  std::set<PageBatch*> reaped = {s->reap(true), s->reap(true)};
  EXPECT_EQ(reaped, (std::set<PageBatch*>{&bad.batch, &good.batch}));
  expect_right(good.batch);
  EXPECT_EQ(bad.batch.status.code(), Code::kCorrupt);
  EXPECT_NE(bad.batch.status.message().find(path_), std::string::npos) << bad.batch.status.message();
  EXPECT_NE(bad.batch.status.message().find(std::to_string(kFilePages) + " pages"), std::string::npos);
  EXPECT_TRUE(right(bad.batch.requests[0]));
  for (int i = 1; i <= 4; ++i) EXPECT_EQ(bad.batch.requests[i].data, nullptr) << i;
  EXPECT_TRUE(right(bad.batch.requests[5]));

  TestBatch again(file_, 1);
  again.add(1);
  read(*s, again);
  expect_right(again.batch);
}

TEST_P(PageReaderContract, ARequestOfNoPagesIsRefused) {
  auto s = session();
  TestBatch batch(file_, 1);
  batch.add(0);
  batch.batch.requests[0].pages = 0;
  read(*s, batch);
  EXPECT_EQ(batch.batch.status.code(), Code::kInvalidArgument) << batch.batch.status.message();
}

TEST_P(PageReaderContract, ABufferThatIsNotAlignedIsRefused) {
  if (GetParam().kind == IoKind::kMmap) GTEST_SKIP() << "the map does not use the buffer";
  auto s = session();
  TestBatch batch(file_, 2);
  batch.add(0);
  batch.batch.requests[0].buffer += 8;
  read(*s, batch);
  EXPECT_EQ(batch.batch.status.code(), Code::kInvalidArgument) << batch.batch.status.message();
}

TEST_P(PageReaderContract, ReapGivesNothingWhenNothingIsInFlight) {
  auto s = session();
  EXPECT_EQ(s->reap(false), nullptr);
  EXPECT_EQ(s->reap(true), nullptr);
  TestBatch batch(file_, 1);
  batch.add(2);
  read(*s, batch);
  EXPECT_EQ(s->reap(false), nullptr);
  EXPECT_EQ(s->reap(true), nullptr);
}

TEST_P(PageReaderContract, ReapWithoutWaitingComesToAnEnd) {
  auto s = session();
  TestBatch batch(file_, 50);
  for (uint64_t i = 0; i < 50; ++i) batch.add(i * 7);
  s->submit(&batch.batch);
  PageBatch* reaped = nullptr;
  while (reaped == nullptr) {
    reaped = s->reap(false);
    std::this_thread::yield();
  }
  EXPECT_EQ(reaped, &batch.batch);
  expect_right(batch.batch);
}

TEST_P(PageReaderContract, ManyBatchesInFlight) {
  auto s = session();
  Prng prng(kSeed + 1);
  std::vector<std::unique_ptr<TestBatch>> batches;
  std::set<PageBatch*> waiting;
  for (int i = 0; i < 200; ++i) {
    batches.push_back(std::make_unique<TestBatch>(file_, 8));
    const uint64_t requests = 1 + prng.below(8);
    for (uint64_t k = 0; k < requests; ++k) batches.back()->add(prng.below(kFilePages));
    batches.back()->batch.owner = batches.back().get();
    s->submit(&batches.back()->batch);
    waiting.insert(&batches.back()->batch);
    // Now and then one is reaped between the submissions, as a search does.
    if (i % 3 == 0) {
      PageBatch* reaped = s->reap(i % 2 == 0);
      if (reaped != nullptr) {
        EXPECT_EQ(waiting.erase(reaped), 1u);
      }
    }
  }
  while (PageBatch* reaped = s->reap(true)) {
    EXPECT_EQ(waiting.erase(reaped), 1u);
    EXPECT_EQ(static_cast<TestBatch*>(reaped->owner)->batch.owner, reaped->owner);
  }
  EXPECT_TRUE(waiting.empty());
  for (const auto& batch : batches) expect_right(batch->batch);
}

TEST_P(PageReaderContract, MoreRequestsThanTheQueueIsDeep) {
  for (const uint32_t depth : {0u, 1u, 3u, 16u}) {
    SessionOptions options;
    options.queue_depth = depth;
    auto s = session(options);
    TestBatch large(file_, 300), small(file_, 2);
    for (uint64_t i = 0; i < 300; ++i) large.add((i * 37) % kFilePages);
    large.batch.requests[150].page = kFilePages;  // one that fails while others wait for room
    small.add(1);
    small.add(2);
    s->submit(&large.batch);
    s->submit(&small.batch);
    std::set<PageBatch*> reaped = {s->reap(true), s->reap(true)};
    EXPECT_EQ(reaped, (std::set<PageBatch*>{&large.batch, &small.batch})) << depth;
    EXPECT_EQ(s->reap(true), nullptr);
    EXPECT_EQ(large.batch.status.code(), Code::kCorrupt);
    for (size_t i = 0; i < 300; ++i) EXPECT_EQ(right(large.batch.requests[i]), i != 150) << i;
    expect_right(small.batch);
  }
}

TEST_P(PageReaderContract, BuffersInsideAndOutsideTheArena) {
  auto arena = AlignedBuffer::create(32 * kPageBytes).value();
  TestBatch batch(file_, 40);
  SessionOptions options;
  options.buffer_arena = {arena.data(), arena.size()};
  auto s = session(options);
  for (uint64_t i = 0; i < 20; ++i) {
    batch.add(i * 5);
    if (i % 2 == 0) batch.batch.requests.back().buffer = arena.data() + i * kPageBytes;
  }
  batch.add(100, 2);
  batch.batch.requests.back().buffer = arena.data() + 30 * kPageBytes;  // to its last byte
  read(*s, batch);
  expect_right(batch.batch);
  if (GetParam().kind == IoKind::kMmap) return;
  for (const auto& request : batch.batch.requests) EXPECT_EQ(request.data, request.buffer);
}

TEST_P(PageReaderContract, DestroyedWithReadsInFlight) {
  for (int round = 0; round < 20; ++round) {
    TestBatch first(file_, 200), second(file_, 10);
    for (uint64_t i = 0; i < 200; ++i) first.add((i * 11) % kFilePages);
    for (uint64_t i = 0; i < 10; ++i) second.add(i);
    SessionOptions options;
    options.queue_depth = round % 2 == 0 ? 256 : 8;
    auto s = session(options);
    s->submit(&first.batch);
    s->submit(&second.batch);
    s.reset();
    // Nothing may be written any more: the sanitizers and this pattern would notice.
    std::memset(first.memory.data(), 0x55, first.memory.size());
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    // Every byte equals the one behind it, and the first is the pattern.
    ASSERT_EQ(first.memory.data()[0], 0x55) << round;
    ASSERT_EQ(std::memcmp(first.memory.data(), first.memory.data() + 1, first.memory.size() - 1), 0) << round;
  }
}

TEST_P(PageReaderContract, AFileCutShortAfterOpeningIsCorrupt) {
  auto s = session();
  // In the middle of a page, so that the last one is half there.
  ASSERT_EQ(::truncate(path_.c_str(), 10 * kPageBytes + 1904), 0);
  TestBatch batch(file_, 8);
  batch.add(3);
  batch.add(9);
  batch.add(10);
  batch.add(9, 2);
  batch.add(100);
  read(*s, batch);
  EXPECT_EQ(batch.batch.status.code(), Code::kCorrupt) << batch.batch.status.message();
  EXPECT_NE(batch.batch.status.message().find(path_), std::string::npos) << batch.batch.status.message();
  EXPECT_TRUE(right(batch.batch.requests[0]));
  EXPECT_TRUE(right(batch.batch.requests[1]));
  for (int i = 2; i <= 4; ++i) EXPECT_EQ(batch.batch.requests[i].data, nullptr) << i;
}

TEST_P(PageReaderContract, ConcurrentSessions) {
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int life = 0; life < 3; ++life) {
        SessionOptions options;
        options.queue_depth = 16;
        auto s = session(options);
        Prng prng(kSeed + 100 * t + life);
        std::vector<std::unique_ptr<TestBatch>> batches;
        for (int i = 0; i < 20; ++i) {
          batches.push_back(std::make_unique<TestBatch>(file_, 12));
          for (int k = 0; k < 12; ++k) batches.back()->add(prng.below(kFilePages));
          s->submit(&batches.back()->batch);
        }
        for (int i = 0; i < 20; ++i) {
          PageBatch* reaped = s->reap(true);
          ASSERT_NE(reaped, nullptr);
          expect_right(*reaped);
        }
        // And one left in flight.
        TestBatch last(file_, 4);
        for (uint64_t k = 0; k < 4; ++k) last.add(k);
        s->submit(&last.batch);
        s.reset();
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

// Signals that interrupt system calls, for the life of one object.
class SignalStorm {
 public:
  SignalStorm() {
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    ::sigaction(SIGALRM, &action, &before_);
    const itimerval often = {{0, 100}, {0, 100}};
    ::setitimer(ITIMER_REAL, &often, nullptr);
  }
  ~SignalStorm() {
    const itimerval never = {};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &before_, nullptr);
  }

 private:
  struct sigaction before_;
};

TEST_P(PageReaderContract, SignalsDisturbNothing) {
  auto s = session();
  const SignalStorm storm;
  TestBatch batch(file_, 64);
  for (uint64_t i = 0; i < 64; ++i) batch.add((i * 41) % kFilePages);
  for (int round = 0; round < 100; ++round) read(*s, batch);
  expect_right(batch.batch);
}

TEST_P(PageReaderContract, OpeningSaysWhatIsWrongWithTheFile) {
  const auto code_of = [&](const std::string& path) {
    const auto opened = reader_->open_file(path);
    return opened.ok() ? Code::kOk : opened.status().code();
  };
  EXPECT_EQ(code_of(dir_->file("absent")), Code::kNotFound);
  EXPECT_EQ(code_of(dir_->path()), Code::kInvalidArgument);
  const auto odd = dir_->file("odd");
  testing::write_file(odd, testing::random_bytes(kPageBytes + 1, kSeed));
  EXPECT_EQ(code_of(odd), Code::kCorrupt);
}

TEST_P(PageReaderContract, AnEmptyFileHasNoPages) {
  const auto path = dir_->file("empty");
  testing::write_file(path, {});
  const auto empty = reader_->open_file(path);
  ASSERT_TRUE(empty.ok()) << empty.status().message();
  EXPECT_EQ(empty.value()->pages, 0u);
  auto s = session();
  TestBatch batch(empty.value(), 1);
  batch.add(0);
  read(*s, batch);
  EXPECT_EQ(batch.batch.status.code(), Code::kCorrupt);
}

// Files of one reader in one batch, more of them than a session registers, each with bytes of its own.
TEST_P(PageReaderContract, OneBatchReadsManyFiles) {
  constexpr uint64_t kFiles = 150, kPages = 3;
  std::vector<std::vector<uint8_t>> contents;
  std::vector<std::shared_ptr<const PageFile>> files;
  for (uint64_t i = 0; i < kFiles; ++i) {
    contents.push_back(testing::random_bytes(kPages * kPageBytes, kSeed + i));
    testing::write_file(dir_->file(std::to_string(i)), contents.back());
    auto opened = reader_->open_file(dir_->file(std::to_string(i)));
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    files.push_back(std::move(opened).value());
  }
  auto s = session();
  Prng prng(kSeed);
  for (int round = 0; round < 5; ++round) {
    TestBatch batch(file_, 2 * kFiles);
    std::vector<uint64_t> from;
    for (uint64_t i = 0; i < 2 * kFiles; ++i) {
      from.push_back(prng.below(kFiles));
      batch.add(prng.below(kPages));
      batch.batch.requests.back().file = files[from.back()].get();
    }
    batch.batch.requests[7].page = kPages;
    read(*s, batch);
    EXPECT_EQ(batch.batch.status.code(), Code::kCorrupt);
    EXPECT_NE(batch.batch.status.message().find(files[from[7]]->path()), std::string::npos);
    for (size_t i = 0; i < from.size(); ++i) {
      const PageRequest& request = batch.batch.requests[i];
      ASSERT_EQ(request.data == nullptr, i == 7);
      if (i == 7) continue;
      ASSERT_EQ(std::memcmp(request.data, contents[from[i]].data() + request.page * kPageBytes, kPageBytes), 0) << i;
    }
  }
}

// Files come and go while a session stays; a number of a closed file's descriptor is soon another's.
TEST_P(PageReaderContract, FilesComeAndGoUnderASession) {
  auto s = session();
  for (uint64_t i = 0; i < 300; ++i) {
    const auto content = testing::random_bytes(2 * kPageBytes, kSeed + i);
    testing::write_file(dir_->file("passing"), content);
    const auto file = reader_->open_file(dir_->file("passing"));
    ASSERT_TRUE(file.ok()) << file.status().message();
    TestBatch batch(file.value(), 2);
    batch.add(1);
    batch.add(0);
    read(*s, batch);
    ASSERT_TRUE(batch.batch.status.ok()) << batch.batch.status.message();
    ASSERT_EQ(std::memcmp(batch.batch.requests[1].data, content.data(), kPageBytes), 0) << i;
    if (i % 7 == 0) s->forget_closed_files();
    TestBatch lasting(file_, 1);
    lasting.add(i % kFilePages);
    read(*s, lasting);
    expect_right(lasting.batch);
    ::unlink(dir_->file("passing").c_str());
  }
}

TEST_P(PageReaderContract, ARequestWithoutAFileIsRefused) {
  auto s = session();
  TestBatch batch(nullptr, 2);
  batch.add(0);
  batch.add(1);
  batch.batch.requests[1].file = file_.get();
  read(*s, batch);
  EXPECT_EQ(batch.batch.status.code(), Code::kInvalidArgument);
  EXPECT_EQ(batch.batch.requests[0].data, nullptr);
  EXPECT_TRUE(right(batch.batch.requests[1]));
}

constexpr Case kCases[] = {
    {"mmap", IoKind::kMmap, false, ""},
    {"uring", IoKind::kUring, false, ""},
    {"pread", IoKind::kPread, false, ""},
    {"mmap_wrapped", IoKind::kMmap, true, ""},
    {"uring_wrapped", IoKind::kUring, true, ""},
    {"pread_wrapped", IoKind::kPread, true, ""},
    {"uring_buffered", IoKind::kUring, false, "/dev/shm"},
    {"pread_buffered", IoKind::kPread, false, "/dev/shm"},
};

INSTANTIATE_TEST_SUITE_P(Readers, PageReaderContract, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

class Environment {
 public:
  explicit Environment(const char* value) { ::setenv(kName, value, 1); }
  ~Environment() { ::unsetenv(kName); }

 private:
  static constexpr const char* kName = "VAMANA_IO_DISABLE_URING";
};

TEST(OpenPageReader, FallsBackToPreadInSilenceAndSaysSo) {
  const Environment disabled("1");
  const auto reader = open_page_reader(IoKind::kAuto);
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  EXPECT_EQ(reader.value()->facts().kind, IoKind::kPread);
  EXPECT_NE(reader.value()->facts().note.find("VAMANA_IO_DISABLE_URING"), std::string::npos)
      << reader.value()->facts().note;

  const auto named = open_page_reader(IoKind::kUring);
  ASSERT_FALSE(named.ok());
  EXPECT_EQ(named.status().code(), Code::kUnsupported);
  EXPECT_NE(named.status().message().find("choose auto"), std::string::npos) << named.status().message();
}

TEST(OpenPageReader, AutoIsUringWhereItCanBeHad) {
  const bool possible = open_page_reader(IoKind::kUring).ok();
  const auto reader = open_page_reader(IoKind::kAuto);
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  EXPECT_EQ(reader.value()->facts().kind, possible ? IoKind::kUring : IoKind::kPread);
}

TEST(OpenPageReader, WhatIsSaidOfReaderAndFileIsPutTogether) {
  PageFile file;
  file.note = "of the file";
  ReaderFacts facts;
  EXPECT_EQ(facts_with(facts, file).note, "of the file");
  facts.note = "of the reader";
  EXPECT_EQ(facts_with(facts, file).note, "of the reader; of the file");
  file.direct = true;
  EXPECT_TRUE(facts_with(facts, file).direct);
}

TEST(IoKindNames, AreTheCommandLinesOwn) {
  EXPECT_EQ(io_kind_name(IoKind::kAuto), "auto");
  EXPECT_EQ(io_kind_name(IoKind::kMmap), "mmap");
  EXPECT_EQ(io_kind_name(IoKind::kUring), "uring");
  EXPECT_EQ(io_kind_name(IoKind::kPread), "pread");
}

}  // namespace
}  // namespace vamana
