// Merges from end to end: rows, vectors and graph are whole in either way, the bytes do not depend on threads, memory
// is kept, and a merge that ends early leaves nothing.
#include "job/merge_job.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <thread>

#include "base/prng.h"
#include "segment/segment_files.h"
#include "testing/merge_parts.h"
#include "testing/sanitized.h"

namespace vamana {
namespace {

using testing::make_vectors;
using testing::merge_in;
using testing::MergeParts;
using testing::VectorSet;

std::set<uint32_t> numbers(uint32_t begin, uint32_t end) {
  std::set<uint32_t> out;
  for (uint32_t i = begin; i < end; ++i) out.insert(out.end(), i);
  return out;
}

// Of [begin, end) so many in a hundred.
std::set<uint32_t> some(uint32_t begin, uint32_t end, uint64_t percent, uint64_t seed) {
  Prng prng(seed);
  std::set<uint32_t> out;
  for (uint32_t i = begin; i < end; ++i) {
    if (prng.below(100) < percent) out.insert(i);
  }
  return out;
}

std::set<uint32_t> without(std::set<uint32_t> all, const std::set<uint32_t>& gone) {
  for (const uint32_t i : gone) all.erase(i);
  return all;
}

std::vector<std::string> names_in(const std::string& dir) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

// Everything but the headers, which have the uuid.
std::map<std::string, std::vector<uint8_t>> payloads(const std::string& dir) {
  std::map<std::string, std::vector<uint8_t>> out;
  for (const FileKind kind : kFileKinds) {
    auto bytes = testing::read_file(segment_file_path(dir, kind));
    bytes.erase(bytes.begin(), bytes.begin() + kHeaderBytes);
    out[segment_file_name(kind)] = std::move(bytes);
  }
  return out;
}

TEST(MergeJob, EveryMetricAndElementInBothWays) {
  for (size_t m = 0; m < kMetricCount; ++m) {
    for (size_t e = 0; e < kElementCount; ++e) {
      const auto metric = static_cast<Metric>(m);
      SCOPED_TRACE(testing::space_name(metric, static_cast<Element>(e)));
      MergeParts parts(make_vectors({.rows = 900,
                                     .dim = 10,
                                     .element = static_cast<Element>(e),
                                     .seed = 3 + e,
                                     .duplicates = 0.1,
                                     .zeros = metric == Metric::kCosine ? 0 : 0.03}),
                       metric);
      const auto large = parts.segment(0, 600), small = parts.segment(600, 750);
      const std::set<uint32_t> dead = some(0, 900, 25, m * 10 + e);
      for (const bool in_memory : {true, false}) {
        const MergeOptions options = parts.merge_of({large, small}, dead);
        const auto report = merge_in(options, in_memory);
        ASSERT_TRUE(report.ok()) << report.status().message();
        const auto live = without(numbers(0, 750), dead);
        EXPECT_EQ(report->build.rows, live.size());
        EXPECT_EQ(report->plan.kept + report->plan.dropped, 600u);
        EXPECT_EQ(report->plan.kept + report->plan.fresh, live.size());
        EXPECT_EQ(report->build.unreachable, 0u);
        EXPECT_GT(report->lists_repaired, 0u);
        parts.expect_holds(options.build.dir, live);
      }
    }
  }
}

TEST(MergeJob, DeltasAreFreshRowsToo) {
  MergeParts parts(make_vectors({.rows = 1200, .dim = 12, .seed = 9}));
  const auto large = parts.segment(0, 800);
  const std::set<uint32_t> dead = some(0, 1200, 20, 1);
  // The last 50 rows of the delta are not visible.
  const MergeOptions options = parts.merge_of({large, parts.segment(800, 900)}, dead, {{parts.delta(900, 1200), 250}});
  ASSERT_TRUE(merge_in(options, true).ok());
  parts.expect_holds(options.build.dir, without(numbers(0, 1150), dead));
}

TEST(MergeJob, SamePayloadForAnyThreadCount) {
  MergeParts parts(make_vectors({.rows = 6000, .dim = 16, .seed = 4, .clusters = 30}));
  const auto large = parts.segment(0, 5000), small = parts.segment(5000, 6000);
  const std::set<uint32_t> dead = some(0, 6000, 30, 2);
  for (const bool in_memory : {true, false}) {
    std::map<std::string, std::vector<uint8_t>> first;
    for (const uint32_t threads : {1u, 2u, 5u}) {
      MergeOptions options = parts.merge_of({large, small}, dead);
      options.build.threads = threads;
      ASSERT_TRUE(merge_in(options, in_memory).ok());
      if (first.empty()) first = payloads(options.build.dir);
      EXPECT_EQ(payloads(options.build.dir), first) << threads << " threads";
    }
  }
}

// The edges of a segment, as rows.
std::map<uint32_t, std::set<uint32_t>> edges_by_row(const Segment& segment) {
  const uint32_t* const row_of = segment.row_ids().value();
  std::map<uint32_t, std::set<uint32_t>> edges;
  uint32_t list[kNeighbourRoom];
  for (uint32_t node = 0; node < segment.rows(); ++node) {
    const uint32_t count = segment.graph().decode(node, list);
    for (uint32_t i = 0; i < count; ++i) edges[row_of[node]].insert(row_of[list[i]]);
  }
  return edges;
}

TEST(MergeJob, WithNothingDeadAndNothingFreshTheGraphStays) {
  MergeParts parts(make_vectors({.rows = 2000, .dim = 12, .seed = 5}));
  const auto large = parts.segment(0, 2000);
  for (const bool in_memory : {true, false}) {
    const MergeOptions options = parts.merge_of({large}, {});
    const auto report = merge_in(options, in_memory);
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_EQ(report->lists_repaired, 0u);
    EXPECT_EQ(report->inserted_error, 0);
    EXPECT_EQ(edges_by_row(*parts.open(options.build.dir)), edges_by_row(*large));
    EXPECT_LT(report->build.bits_per_edge, 1.02 * large->graph().bits_per_edge());
  }
}

// Codes are not made anew: those of rows kept and those of fresh rows are what the kept codec makes of their vectors.
TEST(MergeJob, EncodesWithTheCodecThatIsKept) {
  MergeParts parts(make_vectors({.rows = 1500, .dim = 16, .element = Element::kU8, .seed = 6}));
  const auto large = parts.segment(0, 1000);
  const MergeOptions options = parts.merge_of({large, parts.segment(1000, 1500)}, some(0, 1000, 10, 3));
  const auto report = merge_in(options, true);
  ASSERT_TRUE(report.ok()) << report.status().message();
  const auto merged = parts.open(options.build.dir);
  EXPECT_EQ(merged->codec().parameters(), large->codec().parameters());
  const auto rows = LiveRows::create({{merged, {}}}, {}, {}).value();
  std::vector<uint8_t> vector(rows->row_bytes()), code(merged->codec().code_bytes());
  std::vector<float> wide(16);
  for (uint32_t node = 0; node < merged->rows(); ++node) {
    ASSERT_TRUE(rows->read_rows(node, 1, vector.data()).ok());
    widen_kernel(Element::kU8)(vector.data(), 16, wide.data());
    merged->codec().encode(wide.data(), code.data());
    ASSERT_TRUE(std::equal(code.begin(), code.end(), merged->code_layout().code(node))) << "node " << node;
  }
  // The same distribution: the codec fits what was inserted as it fits what it was trained on.
  EXPECT_EQ(report->training_error, large->codes_header().codes.training_error);
  EXPECT_EQ(merged->codes_header().codes.training_error, report->training_error);
  EXPECT_GT(report->inserted_error, 0.5 * report->training_error);
  EXPECT_LT(report->inserted_error, 2 * report->training_error);
}

TEST(MergeJob, SaysWhenTheCodecNoLongerFits) {
  VectorSet set = make_vectors({.rows = 1200, .dim = 16, .seed = 6});
  const VectorSet other = make_vectors({.rows = 200, .dim = 16, .seed = 99, .spread = 2});
  std::copy(other.bytes.begin(), other.bytes.end(), set.row(1000));
  MergeParts parts(set);
  const MergeOptions options = parts.merge_of({parts.segment(0, 1000), parts.segment(1000, 1200)}, {});
  const auto report = merge_in(options, true);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_GT(report->inserted_error, 3 * report->training_error);
}

TEST(MergeJob, SurvivesTheLossOfWholeRegions) {
  MergeParts parts(make_vectors({.rows = 3000, .dim = 8, .seed = 12, .clusters = 10, .duplicates = 0.2}));
  const auto large = parts.segment(0, 2500), small = parts.segment(2500, 3000);
  const uint32_t entry = large->row_ids().value()[large->graph_header().graph.entries[0]];
  // All that is nearer to the first row than the median, the entry, and all but three.
  const DistanceFn distance = distance_kernel(Metric::kL2, Element::kF32);
  std::vector<std::pair<float, uint32_t>> near;
  for (uint32_t i = 0; i < 2500; ++i) near.emplace_back(distance(parts.set().row(0), parts.set().row(i), 8), i);
  std::sort(near.begin(), near.end());
  std::set<uint32_t> half, most = numbers(0, 2500);
  for (size_t i = 0; i < 1250; ++i) half.insert(near[i].second);
  for (const uint32_t i : {3u, 1500u, 2499u}) most.erase(i);
  for (const std::set<uint32_t>& dead : {half, std::set<uint32_t>{(entry - 7) / 3}, most}) {
    for (const bool in_memory : {true, false}) {
      SCOPED_TRACE(format("%zu dead, %d", dead.size(), in_memory));
      const MergeOptions options = parts.merge_of({large, small}, dead);
      const auto report = merge_in(options, in_memory);
      ASSERT_TRUE(report.ok()) << report.status().message();
      parts.expect_holds(options.build.dir, without(numbers(0, 3000), dead));
    }
  }
}

TEST(MergeJob, TheFewestRowsAndEqualRows) {
  MergeParts parts(testing::vectors_of(Element::kF32, 4, std::vector<float>(400 * 4, 1.5f)));
  const auto one = parts.segment(0, 1), large = parts.segment(1, 300), more = parts.segment(300, 400);
  for (const bool in_memory : {true, false}) {
    MergeOptions options = parts.merge_of({one}, {});
    ASSERT_TRUE(merge_in(options, in_memory).ok());
    parts.expect_holds(options.build.dir, {0});
    options = parts.merge_of({one, large}, some(1, 300, 50, 7));
    ASSERT_TRUE(merge_in(options, in_memory).ok());
    parts.expect_holds(options.build.dir, without(numbers(0, 300), some(1, 300, 50, 7)));
    options = parts.merge_of({large, more, one}, some(1, 300, 50, 7));
    ASSERT_TRUE(merge_in(options, in_memory).ok());
    parts.expect_holds(options.build.dir, without(numbers(0, 400), some(1, 300, 50, 7)));
  }
}

TEST(MergeJob, ARebuildIsABuildOfTheLiveRows) {
  MergeParts parts(make_vectors({.rows = 1500, .dim = 12, .seed = 5}));
  const auto large = parts.segment(0, 1000), small = parts.segment(1000, 1500);
  const std::set<uint32_t> dead = some(0, 1500, 30, 8);
  MergeOptions options = parts.merge_of({large, small}, dead);
  options.mode = MergeMode::kRebuild;
  options.build.degree = 24;
  options.build.code = CodecChoice::kPq;
  options.build.code_bytes = 6;
  const CancelFlag cancel;
  const auto report = run_merge(options, cancel, [](BuildStage, uint64_t, uint64_t) {});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->plan.fresh, report->build.rows);
  parts.expect_holds(options.build.dir, without(numbers(0, 1500), dead));
  const auto merged = parts.open(options.build.dir);
  EXPECT_EQ(merged->graph_header().graph.degree, 24u);
  EXPECT_EQ(merged->codec().name(), "pq6x8");
  BuildOptions build = rebuild_options(options);
  build.dir = parts.file("plain");
  ASSERT_TRUE(testing::build(build).ok());
  EXPECT_EQ(payloads(options.build.dir), payloads(build.dir));
}

TEST(MergeJob, ReportsStagesInOrderAndEachToItsEnd) {
  MergeParts parts(make_vectors({.rows = 3000, .dim = 8}));
  const MergeOptions options = parts.merge_of({parts.segment(0, 2000), parts.segment(2000, 3000)}, some(0, 2000, 9, 1));
  for (const bool in_memory : {true, false}) {
    std::vector<BuildStage> stages;
    uint64_t last_done = 0, last_total = 0;
    const CancelFlag cancel;
    const auto report = run_merge_plan(options, streaming_plan(options, in_memory), cancel,
                                       [&](BuildStage stage, uint64_t done, uint64_t total) {
                                         if (stages.empty() || stages.back() != stage) {
                                           EXPECT_EQ(last_done, last_total);
                                           stages.push_back(stage);
                                         }
                                         EXPECT_LE(done, total);
                                         last_done = done;
                                         last_total = total;
                                       });
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_EQ(stages, (std::vector<BuildStage>{BuildStage::kRead, BuildStage::kRepair, BuildStage::kGraph,
                                               BuildStage::kReorder, BuildStage::kWrite}));
    EXPECT_EQ(last_done, 3000 - report->plan.dropped);
    std::filesystem::remove_all(options.build.dir);
  }
}

TEST(MergeJob, CancelledInAnyStageItLeavesNothingBehind) {
  MergeParts parts(make_vectors({.rows = 6000, .dim = 8}));
  const MergeOptions options = parts.merge_of({parts.segment(0, 4000), parts.segment(4000, 6000)}, some(0, 4000, 9, 1));
  const auto before = names_in(parts.dir().path());
  for (const bool in_memory : {true, false}) {
    for (const BuildStage stage :
         {BuildStage::kRead, BuildStage::kRepair, BuildStage::kGraph, BuildStage::kReorder, BuildStage::kWrite}) {
      SCOPED_TRACE(format("%s, %d", build_stage_name(stage), in_memory));
      CancelFlag cancel;
      const auto report =
          run_merge_plan(options, streaming_plan(options, in_memory), cancel, [&](BuildStage now, uint64_t, uint64_t) {
            EXPECT_EQ(names_in(parts.dir().path()).size(), before.size() + 1);
            if (now == stage) cancel.cancel();
          });
      EXPECT_EQ(report.status().code(), Code::kAborted);
      EXPECT_EQ(names_in(parts.dir().path()), before);
    }
  }
}

TEST(MergeJob, WhatCannotBeReadLeavesNothingBehind) {
  MergeParts parts(make_vectors({.rows = 1500, .dim = 10, .seed = 8}));
  const auto large = parts.segment(0, 1000), small = parts.segment(1000, 1500);
  const auto before = names_in(parts.dir().path());
  auto bytes = testing::read_file(small->vectors_path());
  bytes[4096 + 55] ^= 1;
  testing::write_file(small->vectors_path(), bytes);
  for (const bool in_memory : {true, false}) {
    EXPECT_EQ(merge_in(parts.merge_of({large, small}, {}), in_memory).status().code(), Code::kCorrupt);
    EXPECT_EQ(names_in(parts.dir().path()), before);
  }
}

TEST(MergeJob, RefusesWhatCannotBeMerged) {
  MergeParts parts(make_vectors({.rows = 400, .dim = 6, .seed = 8}));
  const auto one = parts.segment(0, 300), two = parts.segment(300, 400), again = parts.segment(250, 400);
  const auto code_of = [&](const MergeOptions& options) {
    const CancelFlag cancel;
    return run_merge(options, cancel, [](BuildStage, uint64_t, uint64_t) {}).status().code();
  };
  EXPECT_EQ(code_of(parts.merge_of({one}, numbers(0, 300))), Code::kInvalidArgument);       // nothing lives
  EXPECT_EQ(code_of(parts.merge_of({one, two}, numbers(0, 300))), Code::kInvalidArgument);  // no graph to keep
  EXPECT_EQ(code_of(parts.merge_of({one, again}, {})), Code::kInvalidArgument);             // rows in two parts
  MergeOptions options = parts.merge_of({one, two}, numbers(0, 300));
  options.mode = MergeMode::kRebuild;
  EXPECT_EQ(code_of(options), Code::kOk);
  EXPECT_EQ(code_of(options), Code::kAlreadyExists);
  options = parts.merge_of({one, two}, {});
  options.large.segment = nullptr;
  EXPECT_EQ(code_of(options), Code::kInvalidArgument);
  options.large.segment = one;
  options.build.dir = parts.file("absent/seg");
  EXPECT_EQ(code_of(options), Code::kNotFound);
}

// The high-water mark of this process, set back to what it holds now.
bool reset_peak() {
  std::FILE* const file = std::fopen("/proc/self/clear_refs", "we");
  if (file == nullptr) return false;
  const bool written = std::fputs("5", file) >= 0;
  return std::fclose(file) == 0 && written;
}

TEST(MergeJob, KeepsTheLimit) {
  if (testing::kSanitized) GTEST_SKIP() << "sanitizers hold memory of their own";
  MergeParts parts(make_vectors({.rows = 40000, .dim = 128, .seed = 5, .clusters = 200}));
  const auto large = parts.segment(0, 36000), small = parts.segment(36000, 40000);
  for (const bool in_memory : {true, false}) {
    MergeOptions options = parts.merge_of({large, small}, some(0, 36000, 10, 5));
    const auto whole = plan_merge(options);
    ASSERT_TRUE(whole.ok()) << whole.status().message();
    EXPECT_TRUE(whole->vectors_in_memory);
    const BuildPlan& b = whole->build;
    EXPECT_EQ(b.peak_bytes, b.vectors_bytes + b.graph_bytes + b.codes_bytes + b.buffers_bytes + b.process_bytes);
    ASSERT_LT(b.least_bytes + (4 << 20), b.peak_bytes);
    if (!reset_peak()) GTEST_SKIP() << "this kernel does not reset the high-water mark";
    options.build.memory_limit = in_memory ? b.peak_bytes + (4 << 20) : b.least_bytes;
    const auto plan = plan_merge(options);
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    EXPECT_EQ(plan->vectors_in_memory, in_memory);
    const CancelFlag cancel;
    const auto report = run_merge(options, cancel, [](BuildStage, uint64_t, uint64_t) {});
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_LE(report->build.rss_peak, options.build.memory_limit);
    EXPECT_GT(report->build.rss_peak, plan->build.peak_bytes / 2);
    options.build.memory_limit = b.least_bytes - (24 << 20);
    EXPECT_EQ(plan_merge(options).status().code(), Code::kMemoryLimit);
  }
}

TEST(MergeJob, WaitsForItsThrottle) {
  MergeParts parts(make_vectors({.rows = 2000, .dim = 64, .seed = 8}));
  const auto large = parts.segment(0, 1500), small = parts.segment(1500, 2000);
  for (const bool in_memory : {true, false}) {
    MergeOptions options = parts.merge_of({large, small}, {});
    options.build.throttle = std::make_shared<Throttle>();
    // Read once and written once: 1 MB at 2 MB/s.
    options.build.throttle->set_bytes_per_second(2 << 20);
    const auto report = merge_in(options, in_memory);
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_GE(report->build.seconds.total, 0.3);
    // Paused it stands still until it is cancelled.
    options = parts.merge_of({large, small}, {});
    options.build.throttle = std::make_shared<Throttle>();
    CancelFlag cancel;
    std::thread canceller;
    const auto ended =
        run_merge_plan(options, streaming_plan(options, in_memory), cancel, [&](BuildStage stage, uint64_t, uint64_t) {
          if (stage != BuildStage::kRepair || canceller.joinable()) return;
          options.build.throttle->set_paused(true);
          canceller = std::thread([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            cancel.cancel();
          });
        });
    canceller.join();
    EXPECT_EQ(ended.status().code(), Code::kAborted);
  }
}

}  // namespace
}  // namespace vamana
