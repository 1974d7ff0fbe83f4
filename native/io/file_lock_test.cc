// The lock within one process, and with one that is killed while it holds it.
#include "io/file_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "testing/temp_dir.h"

namespace vamana {
namespace {

TEST(FileLock, IsExclusiveUntilItIsLetGo) {
  const testing::TempDir dir;
  const std::string path = dir.file("lock");
  const std::string text = "pid 7";
  testing::write_file(path, std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
  {
    auto first = FileLock::acquire(path);
    ASSERT_TRUE(first.ok()) << first.status().message();
    const auto second = FileLock::acquire(path);
    EXPECT_EQ(second.status().code(), Code::kLocked);
    EXPECT_NE(second.status().message().find(path), std::string::npos) << second.status().message();
    const FileLock moved = std::move(first).value();
    EXPECT_EQ(FileLock::acquire(path).status().code(), Code::kLocked);
  }
  EXPECT_TRUE(FileLock::acquire(path).ok());
  EXPECT_EQ(testing::read_file(path).size(), text.size()) << "the file's bytes are not the lock's";
}

TEST(FileLock, AFileIsMadeButNotAFolder) {
  const testing::TempDir dir;
  EXPECT_TRUE(FileLock::acquire(dir.file("fresh")).ok());
  EXPECT_EQ(::access(dir.file("fresh").c_str(), F_OK), 0);
  EXPECT_EQ(FileLock::acquire(dir.file("absent/lock")).status().code(), Code::kNotFound);
  EXPECT_EQ(FileLock::acquire(dir.path()).status().code(), Code::kIo);
}

TEST(FileLock, AKilledProcessLeavesNothingBehind) {
  const testing::TempDir dir;
  const std::string path = dir.file("lock");
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto held = FileLock::acquire(path);
    const char answer = held.ok() ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_EQ(FileLock::acquire(path).status().code(), Code::kLocked);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(FileLock::acquire(path).ok());
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace vamana
