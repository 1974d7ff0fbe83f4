// Builds in partitions: whole, deterministic, within their plan, nearly as good as builds in memory, and
// leaving nothing behind.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "base/prng.h"
#include "graph/candidate_list.h"
#include "graph/visited_set.h"
#include "job/build_costs.h"
#include "job/build_job.h"
#include "segment/segment.h"
#include "segment/verify.h"
#include "testing/built_segment.h"
#include "testing/naive_search.h"
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

Result<BuildReport> build_in(const BuildOptions& options, uint32_t partitions,
                             BuildOrder order = BuildOrder::kBisection) {
  CancelFlag cancel;
  return run_plan(options, plan_for(options, partitions, order), cancel, [](BuildStage, uint64_t, uint64_t) {});
}

void expect_sound(const std::string& dir, uint64_t rows) {
  ThreadPool pool(2);
  CancelFlag cancel;
  const auto report = verify_segment(dir, pool, cancel, [](uint64_t, uint64_t) {});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->rows, rows);
  EXPECT_EQ(report->unreachable, 0u);
  for (const Status& problem : report->problems) ADD_FAILURE() << problem.message();
  EXPECT_EQ(names_in(dir), (std::vector<std::string>{"codes.seg", "graph.seg", "rows.seg", "vectors.seg"}));
}

// Mean recall@10 of greedy searches over the stored graph with the stored vectors.
double stored_recall(const std::string& dir, const VectorSet& set, const VectorSet& queries, size_t list_size) {
  ThreadPool pool(1);
  const auto segment = Segment::open(dir, IoKind::kPread, pool).value();
  const auto file = testing::read_file(segment->vectors_path());
  std::vector<uint32_t> row_of(set.rows);
  for (uint32_t node = 0; node < set.rows; ++node) {
    const uint8_t* const slot = file.data() + segment->slot_page(segment->slot_of(node)) * kPageBytes;
    row_of[node] = segment->row_in_record(segment->record_in_slot(slot, node));
  }
  const auto& graph = segment->graph_header().graph;
  const DistanceFn distance = distance_kernel(Metric::kL2, set.element);
  uint32_t neighbours[kNeighbourRoom];
  double sum = 0;
  for (uint32_t q = 0; q < queries.rows; ++q) {
    CandidateList beam;
    VisitedSet visited;
    beam.reset(list_size);
    visited.reset(list_size);
    const auto offer = [&](uint32_t node) {
      if (visited.insert(node)) beam.insert(distance(queries.row(q), set.row(row_of[node]), set.dim), node);
    };
    for (uint32_t i = 0; i < graph.entry_count; ++i) offer(graph.entries[i]);
    Candidate current{};
    while (beam.pop_nearest(&current)) {
      const uint32_t count = segment->graph().decode(current.node, neighbours);
      for (uint32_t i = 0; i < count; ++i) offer(neighbours[i]);
    }
    std::vector<uint32_t> found;
    for (size_t i = 0; i < 10; ++i) found.push_back(row_of[beam[i].node]);
    sum += testing::tie_aware_recall(testing::naive_top_k(set, Metric::kL2, queries.row(q), 10), found,
                                     [&](uint32_t row) { return distance(queries.row(q), set.row(row), set.dim); });
  }
  return sum / queries.rows;
}

TEST(PartitionBuild, IsSoundForEveryMetricAndElement) {
  const TempDir dir;
  for (size_t m = 0; m < kMetricCount; ++m) {
    for (size_t e = 0; e < kElementCount; ++e) {
      const std::string name = dir.file(format("seg-%zu-%zu", m, e));
      SCOPED_TRACE(name);
      const VectorSet set = testing::make_vectors({.rows = 700,
                                                   .dim = 10,
                                                   .element = static_cast<Element>(e),
                                                   .seed = 3 + e,
                                                   .duplicates = 0.1,
                                                   .zeros = 0.03});
      const auto layout = static_cast<testing::RowLayout>(m % 3);
      const auto source = testing::write_vector_file(set, name + ".vectors", layout);
      const auto order = e % 2 == 0 ? BuildOrder::kBisection : BuildOrder::kPartitions;
      const auto report = build_in(testing::quick_build(source, name, static_cast<Metric>(m)), 3 + m % 3, order);
      ASSERT_TRUE(report.ok()) << report.status().message();
      EXPECT_EQ(report->partitions, 3 + m % 3);
      EXPECT_EQ(report->order, order);
      expect_sound(name, 700);
    }
  }
}

TEST(PartitionBuild, FindsNearlyWhatABuildInMemoryFinds) {
  const TempDir dir;
  const testing::SyntheticOptions options{.rows = 6000, .dim = 16, .seed = 9, .clusters = 40};
  const VectorSet set = make_vectors(options), queries = make_queries(options, 100);
  const auto source = testing::write_vector_file(set, dir.file("data"));
  ASSERT_TRUE(build_in(testing::quick_build(source, dir.file("whole")), 1).ok());
  const double whole = stored_recall(dir.file("whole"), set, queries, 40);
  EXPECT_GT(whole, 0.9);
  for (const uint32_t partitions : {3u, 5u, 9u}) {
    const std::string name = dir.file(format("in-%u", partitions));
    ASSERT_TRUE(build_in(testing::quick_build(source, name), partitions).ok());
    const double recall = stored_recall(name, set, queries, 40);
    EXPECT_GT(recall, whole - 0.03) << partitions << " partitions, in memory " << whole;
    RecordProperty(format("recall_%u", partitions), std::to_string(recall));
  }
}

// Groups so far apart that no row of one is in a partition with rows of another but by overflow.
TEST(PartitionBuild, GroupsFarApartStayReachable) {
  const TempDir dir;
  const testing::SyntheticOptions options{.rows = 3000, .dim = 8, .seed = 4, .clusters = 3, .spread = 0.001};
  const VectorSet set = make_vectors(options), queries = make_queries(options, 50);
  const auto source = testing::write_vector_file(set, dir.file("data"));
  ASSERT_TRUE(build_in(testing::quick_build(source, dir.file("seg")), 6).ok());
  expect_sound(dir.file("seg"), 3000);
  EXPECT_GT(stored_recall(dir.file("seg"), set, queries, 60), 0.9);
}

TEST(PartitionBuild, TheFewestRowsAndEqualRows) {
  const TempDir dir;
  for (const uint32_t rows : {1u, 2u, 3u, 10u, 2000u}) {
    for (const uint32_t partitions : {3u, 40u}) {
      const std::string name = dir.file(format("seg-%u-%u", rows, partitions));
      SCOPED_TRACE(name);
      const VectorSet set = testing::vectors_of(Element::kF32, 4, std::vector<float>(rows * 4, 1.5f));
      const auto source = testing::write_vector_file(set, name + ".vectors");
      const auto report = build_in(testing::quick_build(source, name, Metric::kCosine), partitions);
      ASSERT_TRUE(report.ok()) << report.status().message();
      expect_sound(name, rows);
    }
  }
}

TEST(PartitionBuild, NumbersNearTheFloatsLimit) {
  const TempDir dir;
  std::vector<float> values;
  Prng prng(5);
  for (int i = 0; i < 600 * 4; ++i) values.push_back(3.4e38f * static_cast<float>(2 * prng.uniform() - 1));
  const VectorSet set = testing::vectors_of(Element::kF32, 4, values);
  const auto source = testing::write_vector_file(set, dir.file("data"));
  for (size_t m = 0; m < kMetricCount; ++m) {
    const std::string name = dir.file(format("seg-%zu", m));
    const auto report = build_in(testing::quick_build(source, name, static_cast<Metric>(m)), 4);
    // Codes of such numbers may be refused; what is built must be whole.
    if (report.ok()) expect_sound(name, 600);
  }
}

TEST(PartitionBuild, SamePayloadForAnyThreadCount) {
  const TempDir dir;
  const VectorSet set = testing::make_vectors({.rows = 3000, .dim = 16, .seed = 12, .duplicates = 0.1});
  auto options = testing::quick_build(testing::write_vector_file(set, dir.file("data")), dir.file("one"));
  options.threads = 1;
  ASSERT_TRUE(build_in(options, 4).ok());
  options.threads = 3;
  options.dir = dir.file("three");
  ASSERT_TRUE(build_in(options, 4).ok());
  for (const FileKind kind : {FileKind::kVectors, FileKind::kGraph, FileKind::kCodes}) {
    const char* const name = segment_file_name(kind);
    auto one = testing::read_file(dir.file("one") + "/" + name);
    auto three = testing::read_file(dir.file("three") + "/" + name);
    SegmentHeader header = decode_header(one.data(), name, kind).value();
    SegmentHeader other = decode_header(three.data(), name, kind).value();
    header.uuid = other.uuid = Uuid{};
    encode_header(header, one.data());
    encode_header(other, three.data());
    EXPECT_TRUE(one == three) << name;
  }
}

TEST(PartitionBuild, CancelledInAnyStageItLeavesNothingBehind) {
  const TempDir dir;
  const VectorSet set = testing::make_vectors({.rows = 6000, .dim = 8});
  const auto options = testing::quick_build(testing::write_vector_file(set, dir.file("data")), dir.file("seg"));
  const BuildPlan plan = plan_for(options, 3, BuildOrder::kBisection);
  struct Moment {
    BuildStage stage;
    double share;
  };
  for (const Moment moment : {Moment{BuildStage::kRead, 0},
                              {BuildStage::kRead, 0.5},
                              {BuildStage::kTrain, 0},
                              {BuildStage::kGraph, 0},
                              {BuildStage::kGraph, 0.4},
                              {BuildStage::kReorder, 0},
                              {BuildStage::kWrite, 0}}) {
    SCOPED_TRACE(format("%s, %g", build_stage_name(moment.stage), moment.share));
    CancelFlag cancel;
    const auto report = run_plan(options, plan, cancel, [&](BuildStage now, uint64_t done, uint64_t total) {
      EXPECT_EQ(names_in(dir.path()).size(), 2u);
      if (now == moment.stage && static_cast<double>(done) >= moment.share * static_cast<double>(total)) {
        cancel.cancel();
      }
    });
    EXPECT_TRUE(cancel.cancelled());
    EXPECT_EQ(report.status().code(), Code::kAborted);
    EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"data"});
  }
}

TEST(PartitionBuild, ReportsStagesInOrderAndEachToItsEnd) {
  const TempDir dir;
  const VectorSet set = testing::make_vectors({.rows = 2000, .dim = 8});
  const auto options = testing::quick_build(testing::write_vector_file(set, dir.file("data")), dir.file("seg"));
  CancelFlag cancel;
  std::vector<BuildStage> stages;
  uint64_t last = 0, end = 0;
  const auto report = run_plan(options, plan_for(options, 3, BuildOrder::kPartitions), cancel,
                               [&](BuildStage stage, uint64_t done, uint64_t total) {
                                 if (stages.empty() || stages.back() != stage) {
                                   EXPECT_EQ(last, end);
                                   stages.push_back(stage);
                                   last = 0;
                                 }
                                 EXPECT_GE(done, last) << build_stage_name(stage);
                                 EXPECT_LE(done, total) << build_stage_name(stage);
                                 last = done;
                                 end = total;
                               });
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(last, end);
  EXPECT_EQ(stages, (std::vector<BuildStage>{BuildStage::kRead, BuildStage::kTrain, BuildStage::kGraph,
                                             BuildStage::kReorder, BuildStage::kWrite}));
}

TEST(PartitionBuild, ASourceThatCannotBeReadLeavesNothingBehind) {
  const TempDir dir;
  VectorSet set = testing::make_vectors({.rows = 3000, .dim = 8});
  const auto options = testing::quick_build(testing::write_vector_file(set, dir.file("data")), dir.file("seg"));
  const BuildPlan plan = plan_for(options, 3, BuildOrder::kBisection);
  // Cut short while partitions are being linked: the file was whole when it was read first.
  CancelFlag cancel;
  const auto report = run_plan(options, plan, cancel, [&](BuildStage stage, uint64_t, uint64_t) {
    if (stage == BuildStage::kGraph) std::filesystem::resize_file(dir.file("data"), 32 * 100);
  });
  EXPECT_EQ(report.status().code(), Code::kBadVectorFile);
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"data"});
}

// Sets the kernel's high-water mark of this process back to what it holds now.
bool reset_peak() {
  std::FILE* const file = std::fopen("/proc/self/clear_refs", "we");
  if (file == nullptr) return false;
  const bool done = std::fputs("5", file) >= 0;
  return std::fclose(file) == 0 && done;
}

// Limits between what a build in memory needs and the least possible: each is kept, down to the least.
TEST(PartitionBuild, KeepsTheLimit) {
  if (testing::kSanitized) GTEST_SKIP() << "sanitizers hold memory of their own";
  const TempDir dir;
  BuildOptions options;
  {
    const VectorSet set = testing::make_vectors({.rows = 40000, .dim = 128, .seed = 5, .clusters = 200});
    options = testing::quick_build(testing::write_vector_file(set, dir.file("data")), dir.file("seg"));
  }
  options.build_list = 16;
  uint32_t most = 0;
  for (const double share : {0.6, 0.0}) {
    if (!reset_peak()) GTEST_SKIP() << "this kernel does not reset the high-water mark";
    options.memory_limit = 0;
    const auto whole = plan_build(options);
    ASSERT_TRUE(whole.ok());
    ASSERT_EQ(whole->partitions, 1u);
    ASSERT_LT(whole->least_bytes, whole->peak_bytes);
    options.memory_limit =
        whole->least_bytes + static_cast<uint64_t>(share * static_cast<double>(whole->peak_bytes - whole->least_bytes));
    const auto plan = plan_build(options);
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    EXPECT_GT(plan->partitions, most);
    most = plan->partitions;
    EXPECT_LE(plan->peak_bytes, options.memory_limit);
    const auto report = testing::build(options);
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_EQ(report->partitions, plan->partitions);
    EXPECT_LE(report->rss_peak, options.memory_limit);
    // And the promise is no empty one: most of what was planned was needed.
    EXPECT_GT(report->rss_peak, plan->peak_bytes / 2);
    RecordProperty("rss_peak", std::to_string(report->rss_peak));
    expect_sound(options.dir, 40000);
    std::filesystem::remove_all(options.dir);
  }
  options.memory_limit = plan_for(options, 1, BuildOrder::kBisection).least_bytes - (24 << 20);
  EXPECT_EQ(testing::build(options).status().code(), Code::kMemoryLimit);
}

}  // namespace
}  // namespace vamana
