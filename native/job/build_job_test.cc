// The build from end to end: vector files in, segments out, and nothing left behind when it fails.
#include "job/build_job.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <map>
#include <vector>

#include "base/coding.h"
#include "base/prng.h"
#include "base/process_memory.h"
#include "segment/segment.h"
#include "segment/verify.h"
#include "testing/built_segment.h"
#include "testing/sanitized.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::TempDir;
using testing::VectorSet;

std::vector<std::string> names_in(const std::string& dir) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

void expect_sound(const std::string& dir, uint64_t rows) {
  ThreadPool pool(2);
  CancelFlag cancel;
  const auto report = verify_segment(dir, pool, cancel, [](uint64_t, uint64_t) {});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->rows, rows);
  EXPECT_EQ(report->unreachable, 0u);
  for (const Status& problem : report->problems) ADD_FAILURE() << problem.message();
}

// What the segment says row i's vector is, for every row.
std::map<uint32_t, std::vector<uint8_t>> stored_vectors(const std::string& dir) {
  ThreadPool pool(1);
  const auto segment = Segment::open(dir, IoKind::kPread, pool).value();
  const auto file = testing::read_file(segment->vectors_path());
  std::map<uint32_t, std::vector<uint8_t>> vectors;
  for (uint32_t node = 0; node < segment->rows(); ++node) {
    const uint8_t* const slot = file.data() + segment->slot_page(segment->slot_of(node)) * kPageBytes;
    const uint8_t* const record = segment->record_in_slot(slot, node);
    const uint64_t bytes = uint64_t{segment->dim()} * element_bytes(segment->element());
    vectors[segment->row_in_record(record)] = std::vector<uint8_t>(record, record + bytes);
  }
  return vectors;
}

void expect_holds(const std::string& dir, const VectorSet& set) {
  const auto stored = stored_vectors(dir);
  ASSERT_EQ(stored.size(), set.rows);
  for (uint32_t i = 0; i < set.rows; ++i) {
    ASSERT_EQ(stored.at(i), std::vector<uint8_t>(set.row(i), set.row(i) + set.row_bytes())) << "row " << i;
  }
}

TEST(BuildJob, ReportsWhatItBuilt) {
  const TempDir dir;
  const VectorSet set = testing::make_vectors({.rows = 2000, .dim = 24, .seed = 3});
  const auto source = testing::write_vector_file(set, dir.file("data.fvecs"), testing::RowLayout::kPrefixed);
  const auto report = testing::build(testing::quick_build(source, dir.file("seg")));
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->rows, 2000u);
  EXPECT_EQ(report->dim, 24u);
  EXPECT_EQ(report->unreachable, 0u);
  EXPECT_GT(report->degree_mean, 8);
  EXPECT_LE(report->degree_mean, 16);
  EXPECT_GT(report->bits_per_edge, 2);
  EXPECT_LT(report->bits_per_edge, 16);
  EXPECT_GT(report->rss_peak, set.bytes.size());
  const BuildSeconds& s = report->seconds;
  for (const double stage : {s.read, s.train, s.graph, s.reorder, s.write}) EXPECT_GE(stage, 0);
  EXPECT_LE(s.read + s.train + s.graph + s.reorder + s.write, s.total);
  EXPECT_GT(s.graph, 0);
  const auto size_of = [&](FileKind kind) {
    return std::filesystem::file_size(dir.file("seg") + "/" + segment_file_name(kind));
  };
  EXPECT_EQ(report->files.vectors, size_of(FileKind::kVectors));
  EXPECT_EQ(report->files.graph, size_of(FileKind::kGraph));
  EXPECT_EQ(report->files.codes, size_of(FileKind::kCodes));
  EXPECT_EQ(names_in(dir.path()), (std::vector<std::string>{"data.fvecs", "seg"}));
  expect_sound(dir.file("seg"), 2000);
  expect_holds(dir.file("seg"), set);
}

TEST(BuildJob, EveryMetricAndElement) {
  const TempDir dir;
  for (size_t m = 0; m < kMetricCount; ++m) {
    for (size_t e = 0; e < kElementCount; ++e) {
      const std::string name = dir.file(format("seg-%zu-%zu", m, e));
      SCOPED_TRACE(name);
      const VectorSet set = testing::make_vectors({.rows = 300,
                                                   .dim = 10,
                                                   .element = static_cast<Element>(e),
                                                   .seed = 3 + e,
                                                   .duplicates = 0.1,
                                                   .zeros = 0.03});
      const auto layout = static_cast<testing::RowLayout>(m % 3);
      const auto source = testing::write_vector_file(set, name + ".vectors", layout);
      const auto report = testing::build(testing::quick_build(source, name, static_cast<Metric>(m)));
      ASSERT_TRUE(report.ok()) << report.status().message();
      expect_sound(name, 300);
      expect_holds(name, set);
    }
  }
}

TEST(BuildJob, TheFewestRowsAndDimensions) {
  const TempDir dir;
  for (const uint32_t rows : {1u, 2u, 3u}) {
    for (const uint32_t dim : {1u, 2u, 2000u}) {
      const std::string name = dir.file(format("seg-%u-%u", rows, dim));
      SCOPED_TRACE(name);
      const VectorSet set = testing::make_vectors({.rows = rows, .dim = dim, .seed = rows});
      testing::build_segment(set, name);
      expect_sound(name, rows);
      expect_holds(name, set);
    }
  }
}

TEST(BuildJob, EqualRows) {
  const TempDir dir;
  const VectorSet set = testing::vectors_of(Element::kU8, 4, std::vector<float>(2000 * 4, 9));
  testing::build_segment(set, dir.file("seg"), Metric::kCosine);
  expect_sound(dir.file("seg"), 2000);
}

// A row of denormal numbers: its code once was infinite, and the published segment refused to open.
TEST(BuildJob, TinyVectorsUnderCosineGiveASegmentThatOpens) {
  const TempDir dir;
  VectorSet set = testing::make_vectors({.rows = 400, .dim = 8, .seed = 4});
  for (uint32_t d = 0; d < set.dim; ++d) store_le<float>(set.row(7) + 4 * d, 1e-42f);
  testing::build_segment(set, dir.file("seg"), Metric::kCosine);
  expect_sound(dir.file("seg"), 400);
}

// Finite numbers whose distances are not: they are built, or refused for what they are; never for a header
// that came out wrong in the end.
TEST(BuildJob, NumbersNearTheFloatsLimit) {
  const TempDir dir;
  for (const double scale : {3.4e38, 1e20}) {
    Prng prng(5);
    std::vector<float> values(600 * 16);
    for (float& value : values) value = static_cast<float>(scale * (2 * prng.uniform() - 1));
    const std::string data = dir.file(format("data-%g", scale));
    const auto source = testing::write_vector_file(testing::vectors_of(Element::kF32, 16, values), data);
    for (size_t m = 0; m < kMetricCount; ++m) {
      for (const CodecChoice code : {CodecChoice::kPq, CodecChoice::kAuto, CodecChoice::kRabitq}) {
        auto options = testing::quick_build(source, data + format("-%zu-%u", m, static_cast<unsigned>(code)));
        SCOPED_TRACE(options.dir);
        options.metric = static_cast<Metric>(m);
        options.code = code;
        if (options.metric == Metric::kL1 && code == CodecChoice::kRabitq) continue;
        const auto report = testing::build(options);
        if (report.ok()) {
          expect_sound(options.dir, 600);
        } else {
          EXPECT_EQ(code, CodecChoice::kRabitq) << report.status().message();
          EXPECT_EQ(report.status().code(), Code::kNotFinite) << report.status().message();
        }
      }
    }
  }
}

TEST(BuildJob, SamePayloadForAnyThreadCount) {
  const TempDir dir;
  const VectorSet set = testing::make_vectors({.rows = 3000, .dim = 16, .seed = 12, .duplicates = 0.1});
  auto options = testing::quick_build(testing::write_vector_file(set, dir.file("data")), dir.file("one"));
  options.threads = 1;
  ASSERT_TRUE(testing::build(options).ok());
  options.threads = 3;
  options.dir = dir.file("three");
  ASSERT_TRUE(testing::build(options).ok());
  for (const FileKind kind : {FileKind::kVectors, FileKind::kGraph, FileKind::kCodes}) {
    const char* const name = segment_file_name(kind);
    auto one = testing::read_file(dir.file("one") + "/" + name);
    auto three = testing::read_file(dir.file("three") + "/" + name);
    ASSERT_EQ(one.size(), three.size()) << name;
    const auto header = decode_header(one.data(), name, kind), other = decode_header(three.data(), name, kind);
    ASSERT_TRUE(header.ok() && other.ok());
    EXPECT_NE(header->uuid, other->uuid);
    // Apart from the uuid, the headers are the same too.
    SegmentHeader unmarked = header.value(), other_unmarked = other.value();
    unmarked.uuid = other_unmarked.uuid = Uuid{};
    encode_header(unmarked, one.data());
    encode_header(other_unmarked, three.data());
    EXPECT_TRUE(one == three) << name;
  }
}

TEST(BuildJob, NumbersThatAreNotFiniteLeaveNothingBehind) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const TempDir dir;
    VectorSet set = testing::make_vectors({.rows = 500, .dim = 8});
    store_le<float>(set.row(321) + 4 * 5, bad);
    const auto source = testing::write_vector_file(set, dir.file("data"));
    const auto report = testing::build(testing::quick_build(source, dir.file("seg")));
    ASSERT_EQ(report.status().code(), Code::kNotFinite);
    EXPECT_NE(report.status().message().find("321"), std::string::npos) << report.status().message();
    EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"data"});
  }
}

TEST(BuildJob, AnExistingTargetIsRefusedAndLeftAlone) {
  const TempDir dir;
  const VectorSet set = testing::make_vectors({.rows = 100, .dim = 4});
  const auto source = testing::write_vector_file(set, dir.file("data"));
  std::filesystem::create_directory(dir.file("seg"));
  testing::write_file(dir.file("seg") + "/keep", std::vector<uint8_t>{1, 2, 3});
  const auto report = testing::build(testing::quick_build(source, dir.file("seg")));
  EXPECT_EQ(report.status().code(), Code::kAlreadyExists);
  EXPECT_EQ(names_in(dir.path()), (std::vector<std::string>{"data", "seg"}));
  EXPECT_EQ(testing::read_file(dir.file("seg") + "/keep"), (std::vector<uint8_t>{1, 2, 3}));
}

TEST(BuildJob, AMissingSourceOrParentIsNotFound) {
  const TempDir dir;
  const VectorSet set = testing::make_vectors({.rows = 100, .dim = 4});
  auto source = testing::write_vector_file(set, dir.file("data"));
  EXPECT_EQ(testing::build(testing::quick_build(source, dir.file("no/seg"))).status().code(), Code::kNotFound);
  source.path = dir.file("nowhere");
  EXPECT_EQ(testing::build(testing::quick_build(source, dir.file("seg"))).status().code(), Code::kNotFound);
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"data"});
}

TEST(BuildJob, ATruncatedSourceLeavesNothingBehind) {
  const TempDir dir;
  const VectorSet set = testing::make_vectors({.rows = 100, .dim = 4});
  const auto source = testing::write_vector_file(set, dir.file("data"));
  std::filesystem::resize_file(dir.file("data"), 100 * 16 - 1);
  EXPECT_EQ(testing::build(testing::quick_build(source, dir.file("seg"))).status().code(), Code::kBadVectorFile);
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"data"});
}

TEST(BuildJob, CancelledInAnyStageItLeavesNothingBehind) {
  const TempDir dir;
  const VectorSet set = testing::make_vectors({.rows = 1500, .dim = 8});
  const auto options = testing::quick_build(testing::write_vector_file(set, dir.file("data")), dir.file("seg"));
  for (const BuildStage stage :
       {BuildStage::kRead, BuildStage::kTrain, BuildStage::kGraph, BuildStage::kReorder, BuildStage::kWrite}) {
    SCOPED_TRACE(build_stage_name(stage));
    CancelFlag cancel;
    bool seen = false;
    const auto report = run_build(options, cancel, [&](BuildStage now, uint64_t, uint64_t) {
      if (now != stage) return;
      seen = true;
      cancel.cancel();
    });
    EXPECT_TRUE(seen);
    EXPECT_EQ(report.status().code(), Code::kAborted);
    EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"data"});
  }
  CancelFlag before;
  before.cancel();
  EXPECT_EQ(run_build(options, before, [](BuildStage, uint64_t, uint64_t) {}).status().code(), Code::kAborted);
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"data"});
}

// A cancel that comes when the segment stands already is too late: the caller must not be told it was aborted.
TEST(BuildJob, CancelledAfterPublishingItIsDone) {
  const TempDir dir;
  const VectorSet set = testing::make_vectors({.rows = 500, .dim = 8});
  const auto options = testing::quick_build(testing::write_vector_file(set, dir.file("data")), dir.file("seg"));
  CancelFlag cancel;
  const auto report = run_build(options, cancel, [&](BuildStage, uint64_t, uint64_t) {
    if (std::filesystem::exists(dir.file("seg"))) cancel.cancel();
  });
  EXPECT_TRUE(cancel.cancelled());
  EXPECT_TRUE(report.ok());
  expect_sound(dir.file("seg"), 500);
}

TEST(BuildJob, ReportsStagesInOrderAndEachToItsEnd) {
  const TempDir dir;
  const VectorSet set = testing::make_vectors({.rows = 2000, .dim = 8});
  const auto options = testing::quick_build(testing::write_vector_file(set, dir.file("data")), dir.file("seg"));
  CancelFlag cancel;
  std::vector<BuildStage> stages;
  std::map<BuildStage, std::pair<uint64_t, uint64_t>> last;
  const auto report = run_build(options, cancel, [&](BuildStage stage, uint64_t done, uint64_t total) {
    if (stages.empty() || stages.back() != stage) stages.push_back(stage);
    EXPECT_LE(done, total) << build_stage_name(stage);
    EXPECT_GE(done, last[stage].first) << build_stage_name(stage);
    last[stage] = {done, total};
  });
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(stages, (std::vector<BuildStage>{BuildStage::kRead, BuildStage::kTrain, BuildStage::kGraph,
                                             BuildStage::kReorder, BuildStage::kWrite}));
  for (const auto& [stage, progress] : last) EXPECT_EQ(progress.first, progress.second) << build_stage_name(stage);
}

TEST(BuildJob, AMemoryLimitTooLowIsRefusedBeforeAnythingIsWritten) {
  const TempDir dir;
  const VectorSet set = testing::make_vectors({.rows = 500, .dim = 8});
  auto options = testing::quick_build(testing::write_vector_file(set, dir.file("data")), dir.file("seg"));
  options.memory_limit = 1 << 20;
  const auto report = testing::build(options);
  EXPECT_EQ(report.status().code(), Code::kMemoryLimit);
  EXPECT_NE(report.status().message().find("1048576"), std::string::npos) << report.status().message();
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"data"});
}

// Sets the kernel's high-water mark of this process back to what it holds now.
bool reset_peak() {
  std::FILE* const file = std::fopen("/proc/self/clear_refs", "we");
  if (file == nullptr) return false;
  const bool done = std::fputs("5", file) >= 0;
  return std::fclose(file) == 0 && done;
}

TEST(BuildJob, StaysUnderItsPlannedPeak) {
  if (testing::kSanitized) GTEST_SKIP() << "sanitizers hold memory of their own";
  const TempDir dir;
  BuildOptions options;
  {
    const VectorSet set = testing::make_vectors({.rows = 40000, .dim = 64, .seed = 5, .clusters = 200});
    options = testing::quick_build(testing::write_vector_file(set, dir.file("data")), dir.file("seg"));
  }
  options.build_list = 20;
  if (!reset_peak()) GTEST_SKIP() << "this kernel does not reset the high-water mark";
  const auto plan = plan_build(options);
  ASSERT_TRUE(plan.ok());
  options.memory_limit = plan->peak_bytes + (1 << 20);
  const auto report = testing::build(options);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_LT(report->rss_peak, plan->peak_bytes);
  // And the promise is no empty one: most of what was planned was needed.
  EXPECT_GT(report->rss_peak, plan->peak_bytes / 3);
}

}  // namespace
}  // namespace vamana
