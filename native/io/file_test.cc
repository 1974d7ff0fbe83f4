#include "io/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>

#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::TempDir;
namespace fs = std::filesystem;

std::span<const uint8_t> bytes_of(const char* text) {
  return {reinterpret_cast<const uint8_t*>(text), std::strlen(text)};
}

TEST(File, WhatIsWrittenIsRead) {
  const TempDir dir;
  auto created = File::create(dir.file("f"));
  ASSERT_TRUE(created.ok()) << created.status().message();
  File& file = created.value();
  EXPECT_TRUE(file.append("hello ", 6).ok());
  EXPECT_TRUE(file.append("world", 5).ok());
  EXPECT_TRUE(file.write_at(0, "J", 1).ok());
  EXPECT_TRUE(file.append("!", 1).ok());  // write_at did not move the end
  EXPECT_TRUE(file.sync().ok());
  EXPECT_EQ(file.size().value(), 12u);
  file.drop_cache(0, 12);

  const auto opened = File::open_read(dir.file("f"));
  ASSERT_TRUE(opened.ok());
  char text[13] = {};
  EXPECT_TRUE(opened->read_at(0, text, 12).ok());
  EXPECT_STREQ(text, "Jello world!");
  EXPECT_TRUE(opened->read_at(6, text, 5).ok());
  EXPECT_EQ(std::memcmp(text, "world", 5), 0);
}

TEST(File, ReadingPastTheEndIsCorruptAndSaysWhere) {
  const TempDir dir;
  testing::write_file(dir.file("f"), bytes_of("twelve bytes"));
  const auto file = File::open_read(dir.file("f"));
  char text[16];
  const Status status = file->read_at(8, text, 16);
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_NE(status.message().find(dir.file("f")), std::string::npos);
  EXPECT_NE(status.message().find("ends at byte 12, expected 16 bytes at byte 8"), std::string::npos)
      << status.message();
}

TEST(File, CreateRefusesWhatStands) {
  const TempDir dir;
  testing::write_file(dir.file("f"), bytes_of("precious"));
  EXPECT_EQ(File::create(dir.file("f")).status().code(), Code::kAlreadyExists);
  EXPECT_EQ(testing::read_file(dir.file("f")).size(), 8u);
  EXPECT_EQ(File::create(dir.file("no/such/folder")).status().code(), Code::kNotFound);
}

TEST(File, OpensOnlyRegularFiles) {
  const TempDir dir;
  EXPECT_EQ(File::open_read(dir.file("absent")).status().code(), Code::kNotFound);
  EXPECT_EQ(File::open_read(dir.path()).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(File::open_read("/dev/null").status().code(), Code::kInvalidArgument);
  ASSERT_EQ(::mkfifo(dir.file("pipe").c_str(), 0600), 0);
  EXPECT_EQ(File::open_read(dir.file("pipe")).status().code(), Code::kInvalidArgument);
}

TEST(File, MovesItsDescriptor) {
  const TempDir dir;
  testing::write_file(dir.file("f"), bytes_of("a"));
  File first = File::open_read(dir.file("f")).value();
  const int fd = first.fd();
  File second(std::move(first));
  EXPECT_FALSE(first.is_open());  // NOLINT: what a moved-from file promises
  EXPECT_EQ(second.fd(), fd);
  File third = File::open_read(dir.file("f")).value();
  const int closed = third.fd();
  third = std::move(second);
  EXPECT_EQ(third.fd(), fd);
  EXPECT_EQ(::fcntl(closed, F_GETFD), -1);
  EXPECT_EQ(third.path(), dir.file("f"));
}

TEST(File, AFullDiskIsDiskFull) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (full < 0) GTEST_SKIP() << "/dev/full is not there";
  const TempDir dir;
  File file = File::create(dir.file("f")).value();
  ASSERT_EQ(::dup2(full, file.fd()), file.fd());
  ::close(full);
  const Status appended = file.append("x", 1);
  EXPECT_EQ(appended.code(), Code::kDiskFull);
  EXPECT_NE(appended.message().find(dir.file("f")), std::string::npos) << appended.message();
  EXPECT_EQ(file.write_at(0, "x", 1).code(), Code::kDiskFull);
}

// A limit on the file's size makes the system write a part and then refuse: the short write is resumed, and
// the refusal reported.
TEST(File, AShortWriteIsResumedUntilTheSystemRefuses) {
  const TempDir dir;
  File file = File::create(dir.file("f")).value();
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {10, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status status = file.append("0123456789abcdef", 16);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(status.code(), Code::kIo);
  EXPECT_NE(status.message().find("write 6 of 16 bytes"), std::string::npos) << status.message();
  EXPECT_EQ(file.size().value(), 10u);
}

TEST(Folder, SyncAndRename) {
  const TempDir dir;
  ASSERT_TRUE(fs::create_directory(dir.file("a")));
  testing::write_file(dir.file("a/f"), bytes_of("x"));
  EXPECT_TRUE(rename_path(dir.file("a"), dir.file("b")).ok());
  EXPECT_TRUE(sync_directory(dir.path()).ok());
  EXPECT_TRUE(fs::exists(dir.file("b/f")));
  EXPECT_EQ(sync_directory(dir.file("a")).code(), Code::kNotFound);
  EXPECT_EQ(rename_path(dir.file("a"), dir.file("c")).code(), Code::kNotFound);

  ASSERT_TRUE(fs::create_directory(dir.file("c")));
  EXPECT_TRUE(rename_path(dir.file("b"), dir.file("c")).ok()) << "an empty folder is replaced";
  ASSERT_TRUE(fs::create_directory(dir.file("d")));
  EXPECT_EQ(rename_path(dir.file("d"), dir.file("c")).code(), Code::kAlreadyExists);
  EXPECT_TRUE(fs::exists(dir.file("c/f")));
}

TEST(Folder, RemoveTakesTheFolderAndItsFiles) {
  const TempDir dir;
  EXPECT_TRUE(remove_folder(dir.file("absent")).ok());
  ASSERT_TRUE(fs::create_directory(dir.file("a")));
  for (int i = 0; i < 50; ++i) testing::write_file(dir.file("a/f" + std::to_string(i)), bytes_of("x"));
  testing::write_file(dir.file("a/.hidden"), bytes_of("x"));
  EXPECT_TRUE(remove_folder(dir.file("a") + "/").ok());
  EXPECT_FALSE(fs::exists(dir.file("a")));
}

TEST(Folder, RemoveNeverFollowsALink) {
  const TempDir dir;
  ASSERT_TRUE(fs::create_directory(dir.file("kept")));
  testing::write_file(dir.file("kept/f"), bytes_of("x"));
  testing::write_file(dir.file("outside"), bytes_of("x"));

  // A link in the place of the folder.
  fs::create_directory_symlink(dir.file("kept"), dir.file("link"));
  EXPECT_EQ(remove_folder(dir.file("link")).code(), Code::kInvalidArgument);
  EXPECT_EQ(remove_folder(dir.file("link") + "/").code(), Code::kInvalidArgument);
  EXPECT_TRUE(fs::exists(dir.file("kept/f")));

  // Links inside it go; what they point to stays.
  ASSERT_TRUE(fs::create_directory(dir.file("a")));
  fs::create_symlink(dir.file("outside"), dir.file("a/to-file"));
  fs::create_directory_symlink(dir.file("kept"), dir.file("a/to-folder"));
  EXPECT_TRUE(remove_folder(dir.file("a")).ok());
  EXPECT_FALSE(fs::exists(dir.file("a")));
  EXPECT_TRUE(fs::exists(dir.file("kept/f")));
  EXPECT_TRUE(fs::exists(dir.file("outside")));
}

TEST(Folder, RemoveRefusesAFolderInsideAndRemovesNothing) {
  const TempDir dir;
  ASSERT_TRUE(fs::create_directories(dir.file("a/inner")));
  testing::write_file(dir.file("a/f"), bytes_of("x"));
  const Status status = remove_folder(dir.file("a"));
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("inner"), std::string::npos) << status.message();
  EXPECT_TRUE(fs::exists(dir.file("a/f")));

  EXPECT_EQ(remove_folder(dir.file("a/f")).code(), Code::kInvalidArgument);
  EXPECT_TRUE(fs::exists(dir.file("a/f")));
}

}  // namespace
}  // namespace vamana
