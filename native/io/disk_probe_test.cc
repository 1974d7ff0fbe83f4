#include "io/disk_probe.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::TempDir;

bool empty(const std::string& dir) { return std::filesystem::is_empty(dir); }

void expect_measured(const DiskProbe& probe) {
  EXPECT_GT(probe.depth1_us, 0);
  EXPECT_LT(probe.depth1_us, 1e6);
  EXPECT_GT(probe.depth32_reads_per_second, 0);
  EXPECT_NE(probe.reader.kind, IoKind::kAuto);
}

TEST(DiskProbe, WritesAFileAndRemovesIt) {
  TempDir folder;
  const auto start = std::chrono::steady_clock::now();
  const auto probe = probe_disk(folder.path(), "");
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(probe.ok()) << probe.status().message();
  expect_measured(probe.value());
  EXPECT_EQ(probe.value().path.find(folder.path()), 0u);
  EXPECT_GE(probe.value().file_bytes, uint64_t{1} << 20);
  EXPECT_LE(probe.value().file_bytes, uint64_t{64} << 20);
  EXPECT_TRUE(empty(folder.path()));
  EXPECT_LT(seconds.count(), 20);  // about 1 on a machine that does nothing else
}

TEST(DiskProbe, ReadsAFileThatIsLargeEnough) {
  TempDir folder;
  const std::string path = folder.file("vectors");
  testing::write_file(path, {});
  ASSERT_EQ(::truncate(path.c_str(), off_t{64} << 20), 0);
  const auto probe = probe_disk(folder.path(), path);
  ASSERT_TRUE(probe.ok()) << probe.status().message();
  expect_measured(probe.value());
  EXPECT_EQ(probe.value().path, path);
  EXPECT_EQ(probe.value().file_bytes, uint64_t{64} << 20);
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(DiskProbe, PassesOverAFileThatIsTooSmall) {
  TempDir folder;
  const std::string path = folder.file("vectors");
  testing::write_file(path, std::vector<uint8_t>(8192));
  const auto probe = probe_disk(folder.path(), path);
  ASSERT_TRUE(probe.ok()) << probe.status().message();
  EXPECT_NE(probe.value().path, path);
}

TEST(DiskProbe, FailsWhereNothingCanBeWritten) {
  TempDir folder;
  EXPECT_EQ(probe_disk(folder.file("absent"), "").status().code(), Code::kNotFound);
  EXPECT_EQ(probe_io(folder.file("absent")).status().code(), Code::kNotFound);
}

TEST(IoProbe, NamesAReaderThatWorksHere) {
  TempDir folder;
  const auto probe = probe_io(folder.path());
  ASSERT_TRUE(probe.ok()) << probe.status().message();
  EXPECT_NE(probe.value().chosen.kind, IoKind::kAuto);
  EXPECT_EQ(probe.value().uring.ok(), probe.value().chosen.kind == IoKind::kUring);
  EXPECT_TRUE(empty(folder.path()));
}

TEST(IoProbe, TellsWhyIoUringIsNotUsed) {
  TempDir folder;
  ASSERT_EQ(::setenv("VAMANA_IO_DISABLE_URING", "1", 1), 0);
  const auto probe = probe_io(folder.path());
  ASSERT_EQ(::unsetenv("VAMANA_IO_DISABLE_URING"), 0);
  ASSERT_TRUE(probe.ok()) << probe.status().message();
  EXPECT_EQ(probe.value().chosen.kind, IoKind::kPread);
  EXPECT_EQ(probe.value().uring.code(), Code::kUnsupported);
  EXPECT_FALSE(probe.value().chosen.note.empty());
}

}  // namespace
}  // namespace vamana
