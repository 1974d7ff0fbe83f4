// Errors of the system, made real by putting another descriptor in the place of the reader's own: io_uring and
// pread report them as IO with path and byte. A disk that really fails can not be had in a test; how its
// errors are judged is tested in read_progress_test.cc.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <string>

#include "base/aligned_buffer.h"
#include "io/page_file.h"
#include "io/page_reader.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

// The descriptor of this process that stands for `path`, or -1.
int descriptor_of(const std::string& path) {
  int found = -1;
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return -1;
  while (const dirent* entry = ::readdir(directory)) {
    char target[PATH_MAX + 1] = {};
    if (::readlinkat(::dirfd(directory), entry->d_name, target, PATH_MAX) > 0 && path == target) {
      found = std::atoi(entry->d_name);
    }
  }
  ::closedir(directory);
  return found;
}

class ReadFailure : public ::testing::TestWithParam<IoKind> {};

TEST_P(ReadFailure, IsIoAndNamesPathAndByte) {
  const testing::TempDir dir;
  char real[PATH_MAX];
  ASSERT_NE(::realpath(dir.path().c_str(), real), nullptr);
  const std::string path = std::string(real) + "/pages";
  testing::write_file(path, testing::random_bytes(16 * kPageBytes, 3));
  auto reader = open_page_reader(GetParam());
  if (!reader.ok() && reader.status().code() == Code::kUnsupported) GTEST_SKIP() << reader.status().message();
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  const auto file = reader.value()->open_file(path);
  ASSERT_TRUE(file.ok()) << file.status().message();

  const int own = descriptor_of(path);
  if (own < 0) GTEST_SKIP() << "/proc/self/fd is not there";
  const int write_only = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(write_only, 0);
  ASSERT_EQ(::dup2(write_only, own), own);
  ::close(write_only);

  // A session made now takes the descriptor that can not be read.
  auto session = reader.value()->open_session({});
  ASSERT_TRUE(session.ok()) << session.status().message();
  auto memory = AlignedBuffer::create(2 * kPageBytes).value();
  PageBatch batch;
  batch.requests.push_back({.file = file.value().get(), .page = 5, .pages = 1, .buffer = memory.data()});
  batch.requests.push_back({.file = file.value().get(), .page = 5, .pages = 1, .buffer = memory.data() + kPageBytes});
  session.value()->submit(&batch);
  ASSERT_EQ(session.value()->reap(true), &batch);
  EXPECT_EQ(batch.status.code(), Code::kIo);
  EXPECT_NE(batch.status.message().find(path), std::string::npos) << batch.status.message();
  EXPECT_NE(batch.status.message().find("byte 20480"), std::string::npos) << batch.status.message();
  EXPECT_EQ(batch.requests[0].data, nullptr);
  EXPECT_EQ(session.value()->reap(true), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Readers, ReadFailure, ::testing::Values(IoKind::kUring, IoKind::kPread),
                         [](const auto& info) { return std::string(io_kind_name(info.param)); });

TEST(PageFile, SaysWhyNotDirect) {
  // Files of the kernel have a size of one page, refuse O_DIRECT, and give fewer bytes than they promise.
  const std::string path = "/sys/kernel/mm/transparent_hugepage/enabled";
  const auto file = open_page_file(path, Caching::kDirectIfPossible);
  if (!file.ok() || file.value()->pages != 1) GTEST_SKIP() << path << " is not what it is on other machines";
  EXPECT_FALSE(file.value()->direct);
  EXPECT_NE(file.value()->note.find("refused O_DIRECT"), std::string::npos) << file.value()->note;
  EXPECT_EQ(file.value()->alignment(), 1u);

  for (const IoKind kind : {IoKind::kUring, IoKind::kPread}) {
    auto reader = open_page_reader(kind);
    if (!reader.ok()) continue;
    const auto opened = reader.value()->open_file(path);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    auto session = reader.value()->open_session({});
    ASSERT_TRUE(session.ok());
    auto memory = AlignedBuffer::create(kPageBytes).value();
    PageBatch batch;
    batch.requests.push_back({.file = opened.value().get(), .page = 0, .pages = 1, .buffer = memory.data()});
    session.value()->submit(&batch);
    ASSERT_EQ(session.value()->reap(true), &batch);
    EXPECT_EQ(batch.status.code(), Code::kCorrupt) << batch.status.message();
  }
}

TEST(PageFile, BufferedWhenAskedFor) {
  const testing::TempDir dir;
  testing::write_file(dir.file("pages"), testing::random_bytes(2 * kPageBytes, 3));
  const auto file = open_page_file(dir.file("pages"), Caching::kBuffered);
  ASSERT_TRUE(file.ok());
  EXPECT_FALSE(file.value()->direct);
  EXPECT_EQ(file.value()->note, "");
  EXPECT_EQ(file.value()->pages, 2u);
}

}  // namespace
}  // namespace vamana
