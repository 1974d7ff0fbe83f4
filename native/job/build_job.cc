#include "job/build_job.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "base/coding.h"
#include "base/process_memory.h"
#include "graph/reorder.h"
#include "job/build_costs.h"
#include "job/build_run.h"
#include "job/memory_build.h"
#include "job/partition_build.h"
#include "job/segment_output.h"
#include "job/train_codec.h"

namespace vamana {

namespace {

// The build in stages, each a function of what the ones before left in the run.
class Build {
 public:
  Build(const BuildOptions& options, const BuildPlan& plan, const CancelFlag& cancel, const BuildProgress& progress)
      : options_(options), run_(options, plan, cancel, progress) {
    run_.lists_on_disk = !in_memory();
  }

  Result<BuildReport> run() {
    const auto started = Clock::now();
    const SegmentShape shape{options_.source.rows, options_.source.dim, options_.source.element, options_.metric};
    // First, so that a target that stands already is refused before an hour of work.
    VAMANA_ASSIGN(run_.writer, SegmentWriter::create(options_.dir, shape));
    VAMANA_TRY(timed(BuildStage::kRead, [this] { return read(); }));
    VAMANA_TRY(timed(BuildStage::kTrain, [this] { return train(); }));
    VAMANA_TRY(timed(BuildStage::kGraph, [this] { return link(); }));
    VAMANA_TRY(timed(BuildStage::kReorder, [this] { return reorder(); }));
    VAMANA_TRY(timed(BuildStage::kWrite, [this] { return write_segment(run_); }));
    BuildReport& report = run_.report;
    report.rows = run_.rows();
    report.dim = options_.source.dim;
    report.partitions = run_.plan.partitions;
    report.order = run_.plan.order;
    report.seconds.total = seconds_since(started);
    report.rss_peak = process_memory().resident_peak;
    return report;
  }

 private:
  using Clock = std::chrono::steady_clock;

  static double seconds_since(Clock::time_point started) {
    return std::chrono::duration<double>(Clock::now() - started).count();
  }

  template <typename Work>
  Status timed(BuildStage stage, Work work) {
    run_.stage = stage;
    const auto started = Clock::now();
    VAMANA_TRY(work());
    BuildSeconds& seconds = run_.report.seconds;
    double* const places[] = {&seconds.read, &seconds.train, &seconds.graph, &seconds.reorder, &seconds.write};
    *places[static_cast<size_t>(stage)] = seconds_since(started);
    release_freed_memory();
    return Status();
  }

  bool in_memory() const { return run_.plan.partitions == 1; }

  Status read() {
    if (in_memory()) return read_into_memory(run_);
    VAMANA_ASSIGN(homes_, read_for_partitions(run_));
    return Status();
  }

  Status train() {
    const uint32_t dim = options_.source.dim;
    const uint64_t count = codec_sample_rows(options_, run_.plan.partitions);
    std::vector<float> sample(count * dim);
    VAMANA_TRY(sample_vectors(run_, count, sample.data()));
    VAMANA_TRY(train_codec(run_, sample.data(), count));
    return run_.proceed(1, 1);
  }

  Status link() {
    VAMANA_TRY(in_memory() ? link_in_memory(run_) : link_in_partitions(run_, std::move(homes_)));
    count_unreachable(run_);
    return Status();
  }

  Status reorder() {
    if (run_.plan.order == BuildOrder::kBisection) {
      const uint32_t page_nodes = vectors_layout(options_.source.dim, options_.source.element).records_per_slot;
      VAMANA_ASSIGN(run_.node_at, bisection_order(run_.graph, page_nodes, run_.pool, run_.cancel));
    } else if (run_.plan.order == BuildOrder::kBreadthFirst) {
      run_.node_at = breadth_first_order(run_.graph, run_.entries.front());
    } else {
      run_.node_at.resize(run_.rows());
      std::iota(run_.node_at.begin(), run_.node_at.end(), 0u);
    }
    return run_.proceed(1, 1);
  }

  const BuildOptions& options_;
  BuildRun run_;
  PartitionHomes homes_;
};

}  // namespace

const char* build_stage_name(BuildStage stage) {
  switch (stage) {
    case BuildStage::kRead:
      return "read";
    case BuildStage::kTrain:
      return "train";
    case BuildStage::kGraph:
      return "graph";
    case BuildStage::kReorder:
      return "reorder";
    case BuildStage::kWrite:
      return "write";
    case BuildStage::kRepair:
      return "repair";
  }
  return "";
}

const char* build_order_name(BuildOrder order) {
  switch (order) {
    case BuildOrder::kBisection:
      return "bisection";
    case BuildOrder::kKmeans:
      return "kmeans";
    case BuildOrder::kBreadthFirst:
      return "bfs";
    case BuildOrder::kPartitions:
      return "partitions";
  }
  return "";
}

Result<BuildReport> run_plan(const BuildOptions& options, const BuildPlan& plan, const CancelFlag& cancel,
                             const BuildProgress& progress) {
  return Build(options, plan, cancel, progress).run();
}

Result<BuildReport> run_build(const BuildOptions& options, const CancelFlag& cancel, const BuildProgress& progress) {
  VAMANA_ASSIGN(const BuildPlan plan, plan_build(options));
  return run_plan(options, plan, cancel, progress);
}

}  // namespace vamana
