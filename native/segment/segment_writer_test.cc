// The writer: a segment is whole or not there, whatever ends the writing.
#include "segment/segment_writer.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "segment/segment_folder.h"
#include "segment/verify.h"
#include "testing/sample_segment.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

namespace fs = std::filesystem;
using testing::make_sample;
using testing::pack_sample;
using testing::read_file;
using testing::SampleSegment;
using testing::TempDir;
using testing::write_sample;

std::vector<std::string> names_in(const std::string& dir) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(dir)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

SampleSegment small_sample() { return make_sample({100, 8, Element::kF32, Metric::kL2}, 5, 4, 11); }

// Everything but publish().
Result<std::unique_ptr<SegmentWriter>> write_unpublished(const SampleSegment& sample, const std::string& dir) {
  ThreadPool pool(1);
  VAMANA_ASSIGN(auto writer, SegmentWriter::create(dir, sample.shape));
  for (uint64_t node = 0; node < sample.shape.rows; ++node) {
    const uint8_t* vector = sample.vector(node);
    VAMANA_TRY(writer->append_vectors(&vector, &sample.rows[node], 1));
  }
  VAMANA_TRY(writer->write_graph(pack_sample(sample, pool), sample.facts));
  VAMANA_TRY(writer->write_codes(*sample.codec, sample.codes, sample.error));
  return writer;
}

bool sound(const std::string& dir) {
  ThreadPool pool(1);
  CancelFlag cancel;
  const auto report = verify_segment(dir, pool, cancel, {});
  return report.ok() && report->problems.empty();
}

// Runs `body` in a child process and returns how it ended, as waitpid says it.
template <typename Body>
int in_child(const Body& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(SegmentWriter, NothingStandsAtTheTargetBeforePublish) {
  TempDir temp;
  const SampleSegment sample = small_sample();
  {
    auto writer = write_unpublished(sample, temp.file("s"));
    ASSERT_TRUE(writer.ok()) << writer.status().message();
    EXPECT_EQ(names_in(temp.path()), std::vector<std::string>{"s.tmp-" + uuid_text(writer.value()->uuid())});
    ASSERT_TRUE(writer.value()->publish().ok());
    EXPECT_EQ(names_in(temp.path()), std::vector<std::string>{"s"});
  }
  EXPECT_EQ(names_in(temp.file("s")), (std::vector<std::string>{"codes.seg", "graph.seg", "rows.seg", "vectors.seg"}));
  EXPECT_TRUE(sound(temp.file("s")));
}

TEST(SegmentWriter, AnUnpublishedWriterLeavesNothing) {
  TempDir temp;
  { ASSERT_TRUE(write_unpublished(small_sample(), temp.file("s")).ok()); }
  EXPECT_TRUE(names_in(temp.path()).empty());
}

TEST(SegmentWriter, AKilledWriterLeavesOnlyItsTemporaryFolder) {
  TempDir temp;
  const SampleSegment sample = small_sample();
  const int status = in_child([&] {
    const auto writer = write_unpublished(sample, temp.file("s"));
    ::raise(SIGKILL);
  });
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  const std::vector<std::string> left = names_in(temp.path());
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].rfind("s.tmp-", 0), 0u) << left[0];
  const auto again = write_sample(sample, temp.file("s"));
  EXPECT_TRUE(again.ok()) << again.status().message();
  EXPECT_TRUE(sound(temp.file("s")));
}

TEST(SegmentWriter, ATargetThatStandsIsNeverReplaced) {
  TempDir temp;
  const SampleSegment sample = small_sample();
  fs::create_directory(temp.file("s"));
  EXPECT_EQ(SegmentWriter::create(temp.file("s"), sample.shape).status().code(), Code::kAlreadyExists);
  EXPECT_EQ(SegmentWriter::create(temp.file("s/"), sample.shape).status().code(), Code::kAlreadyExists);
  fs::remove(temp.file("s"));
  fs::create_symlink("nowhere", temp.file("s"));
  EXPECT_EQ(SegmentWriter::create(temp.file("s"), sample.shape).status().code(), Code::kAlreadyExists);
  fs::remove(temp.file("s"));

  // It appears while the segment is being written: an empty folder, which a plain rename would replace.
  auto writer = write_unpublished(sample, temp.file("s"));
  ASSERT_TRUE(writer.ok()) << writer.status().message();
  fs::create_directory(temp.file("s"));
  const auto published = writer.value()->publish();
  EXPECT_EQ(published.status().code(), Code::kAlreadyExists) << published.status().message();
  writer.value().reset();
  EXPECT_EQ(names_in(temp.path()), std::vector<std::string>{"s"});
  EXPECT_TRUE(names_in(temp.file("s")).empty());
}

TEST(SegmentWriter, TheFallbackRenameReplacesNoFiles) {
  TempDir temp;
  fs::create_directory(temp.file("new"));
  for (const char* taken : {"folder", "file"}) {
    if (std::string(taken) == "folder") fs::create_directory(temp.file(taken));
    if (std::string(taken) == "file") std::ofstream(temp.file(taken)) << "x";
    EXPECT_EQ(rename_new_checked(temp.file("new"), temp.file(taken)).code(), Code::kAlreadyExists);
    EXPECT_EQ(rename_new(temp.file("new"), temp.file(taken)).code(), Code::kAlreadyExists);
  }
  EXPECT_TRUE(rename_new_checked(temp.file("new"), temp.file("free")).ok());
  EXPECT_TRUE(rename_new(temp.file("free"), temp.file("again")).ok());
  EXPECT_EQ(rename_new(temp.file("free"), temp.file("x")).code(), Code::kNotFound);
  EXPECT_EQ(names_in(temp.path()), (std::vector<std::string>{"again", "file", "folder"}));
}

TEST(SegmentWriter, AMissingParentAndABadShapeAreRefused) {
  TempDir temp;
  const SegmentShape shape = {10, 4, Element::kU8, Metric::kL2};
  const auto orphan = SegmentWriter::create(temp.file("no/such/s"), shape);
  EXPECT_EQ(orphan.status().code(), Code::kNotFound);
  EXPECT_NE(orphan.status().message().find(temp.file("no/such")), std::string::npos) << orphan.status().message();
  EXPECT_EQ(SegmentWriter::create("", shape).status().code(), Code::kInvalidArgument);
  for (const SegmentShape& bad :
       {SegmentShape{0, 4}, SegmentShape{uint64_t{1} << 32, 4}, SegmentShape{1, 0}, SegmentShape{1, 65537}}) {
    EXPECT_EQ(SegmentWriter::create(temp.file("s"), bad).status().code(), Code::kInvalidArgument);
  }
  EXPECT_TRUE(names_in(temp.path()).empty());
}

TEST(SegmentWriter, MoreOrFewerRecordsThanDeclaredAreRefused) {
  TempDir temp;
  SampleSegment sample = small_sample();
  auto writer = write_unpublished(sample, temp.file("s"));
  ASSERT_TRUE(writer.ok());
  const uint8_t* vector = sample.vector(0);
  EXPECT_EQ(writer.value()->append_vectors(&vector, &sample.rows[0], 1).code(), Code::kInvalidArgument);
  EXPECT_TRUE(writer.value()->publish().ok());
  EXPECT_EQ(writer.value()->publish().status().code(), Code::kInternal);

  auto hasty = SegmentWriter::create(temp.file("t"), sample.shape);
  ASSERT_TRUE(hasty.ok());
  const auto early = hasty.value()->publish();
  EXPECT_EQ(early.status().code(), Code::kInternal);
  EXPECT_NE(early.status().message().find("0 of 100 records"), std::string::npos) << early.status().message();
  const uint32_t no_row = 0xFFFFFFFFu;
  EXPECT_EQ(hasty.value()->append_vectors(&vector, &no_row, 1).code(), Code::kInvalidArgument);
}

TEST(SegmentWriter, GraphsAndCodesThatDoNotFitAreRefused) {
  TempDir temp;
  ThreadPool pool(1);
  SampleSegment sample = small_sample();
  const SampleSegment other = make_sample({99, 8, Element::kF32, Metric::kL2}, 5, 4, 11);
  auto writer = SegmentWriter::create(temp.file("s"), sample.shape);
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(writer.value()->write_graph(pack_sample(other, pool), sample.facts).code(), Code::kInvalidArgument);
  SegmentWriter::GraphFacts facts = sample.facts;
  facts.entries.clear();
  EXPECT_EQ(writer.value()->write_graph(pack_sample(sample, pool), facts).code(), Code::kInvalidArgument);
  facts.entries.assign(33, 0);
  EXPECT_EQ(writer.value()->write_graph(pack_sample(sample, pool), facts).code(), Code::kInvalidArgument);
  facts.entries.assign(1, 100);
  const Status outside = writer.value()->write_graph(pack_sample(sample, pool), facts);
  EXPECT_EQ(outside.code(), Code::kInvalidArgument);
  EXPECT_NE(outside.message().find("entry node is 100"), std::string::npos) << outside.message();
  EXPECT_EQ(writer.value()->write_codes(*sample.codec, AlignedBuffer(), CodeError{}).code(), Code::kInvalidArgument);
}

// Records come in any grouping; a slot of several pages and a buffer's worth of slots make no difference.
TEST(SegmentWriter, TheSameContentIsTheSameBytesHoweverItComes) {
  const Uuid uuid{1, 2, 3};
  for (const SegmentShape& shape :
       {SegmentShape{30000, 40, Element::kU8, Metric::kL2}, SegmentShape{150, 3000, Element::kF32, Metric::kCosine}}) {
    TempDir temp;
    const SampleSegment sample = make_sample(shape, 4, 8, 3);
    ASSERT_TRUE(write_sample(sample, temp.file("whole"), uuid).ok());
    ThreadPool pool(2);
    auto writer = SegmentWriter::create(temp.file("pieces"), shape, uuid);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer.value()->write_codes(*sample.codec, sample.codes, sample.error).ok());
    for (uint64_t node = 0, step = 1; node < shape.rows; node += step, step = step * 2 + 1) {
      step = std::min(step, shape.rows - node);
      std::vector<const uint8_t*> vectors;
      for (uint64_t i = 0; i < step; ++i) vectors.push_back(sample.vector(node + i));
      ASSERT_TRUE(writer.value()->append_vectors(vectors.data(), sample.rows.data() + node, step).ok());
    }
    ASSERT_TRUE(writer.value()->write_graph(pack_sample(sample, pool), sample.facts).ok());
    ASSERT_TRUE(writer.value()->publish().ok());
    for (const char* name : {"vectors.seg", "graph.seg", "codes.seg"}) {
      EXPECT_EQ(read_file(temp.file("whole/") + name), read_file(temp.file("pieces/") + name)) << name;
    }
    EXPECT_TRUE(sound(temp.file("pieces")));
  }
}

// On a file system of 256 KiB in a mount namespace of the child's own. Where the system grants none, the
// test is skipped.
TEST(SegmentWriter, AFullDiskIsSaidAndLeavesNothing) {
  TempDir temp;
  const SampleSegment sample = make_sample({20000, 40, Element::kU8, Metric::kL2}, 2, 4, 3);
  enum : int { kAsExpected = 0, kNoMount = 77, kOtherStatus = 1, kLeftovers = 2 };
  const int status = in_child([&] {
    const bool mounted = (::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
                         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         ::mount("none", temp.path().c_str(), "tmpfs", 0, "size=256k") == 0;
    if (!mounted) ::_exit(kNoMount);
    if (write_sample(sample, temp.file("s")).status().code() != Code::kDiskFull) ::_exit(kOtherStatus);
    if (!names_in(temp.path()).empty()) ::_exit(kLeftovers);
  });
  ASSERT_TRUE(WIFEXITED(status)) << status;
  if (WEXITSTATUS(status) == kNoMount) GTEST_SKIP() << "no mount namespace here";
  EXPECT_EQ(WEXITSTATUS(status), kAsExpected);
}

TEST(SegmentWriter, UuidsAreRandomAndOfVersion4) {
  const auto a = make_uuid(), b = make_uuid();
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_NE(a.value(), b.value());
  EXPECT_EQ(a.value()[6] >> 4, 4);
  EXPECT_EQ(a.value()[8] >> 6, 2);
}

}  // namespace
}  // namespace vamana
