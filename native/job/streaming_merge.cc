#include "job/streaming_merge.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <optional>

#include "base/prng.h"
#include "base/process_memory.h"
#include "codec/codec_factory.h"
#include "graph/exact_links.h"
#include "graph/graph_repair.h"
#include "graph/reachability.h"
#include "graph/reorder.h"
#include "job/build_run.h"
#include "job/code_links.h"
#include "job/fresh_places.h"
#include "job/memory_build.h"
#include "job/merge_codes.h"
#include "job/merge_costs.h"
#include "job/partition_repair.h"
#include "job/segment_output.h"
#include "job/window_pruner.h"

namespace vamana {

namespace {

using Clock = std::chrono::steady_clock;

// Nodes of the run are the places of the source: the nodes kept in their old order, then the fresh rows.
class StreamingMerge {
 public:
  StreamingMerge(const MergeOptions& options, const MergePlan& plan, const CancelFlag& cancel,
                 const BuildProgress& progress)
      : large_(options.large.segment),
        dead_nodes_(options.large.dead_nodes),
        build_(streaming_options(options)),
        plan_(plan),
        run_(build_, plan_.build, cancel, progress),
        params_{{build_.degree, build_.alpha}, build_.build_list, build_.seed} {
    run_.lists_on_disk = !plan_.vectors_in_memory;
  }

  Result<MergeReport> run() {
    const auto started = Clock::now();
    BuildSeconds& seconds = run_.report.seconds;
    const SegmentShape shape{run_.rows(), build_.source.dim, build_.source.element, build_.metric};
    // First, so that a target that stands already is refused before the work.
    VAMANA_ASSIGN(run_.writer, SegmentWriter::create(build_.dir, shape));
    VAMANA_TRY(timed(BuildStage::kRead, seconds.read, [this] { return read(); }));
    VAMANA_TRY(timed(BuildStage::kRepair, report_.repair_seconds, [this] { return repair(); }));
    VAMANA_TRY(timed(BuildStage::kGraph, seconds.graph, [this] { return insert(); }));
    VAMANA_TRY(timed(BuildStage::kReorder, seconds.reorder, [this] { return reorder(); }));
    VAMANA_TRY(timed(BuildStage::kWrite, seconds.write, [this] { return write_segment(run_); }));
    run_.report.rows = run_.rows();
    run_.report.dim = build_.source.dim;
    seconds.total = seconds_since(started);
    run_.report.rss_peak = process_memory().resident_peak;
    report_.build = run_.report;
    report_.plan = plan_;
    return report_;
  }

 private:
  static double seconds_since(Clock::time_point started) {
    return std::chrono::duration<double>(Clock::now() - started).count();
  }

  template <typename Work>
  Status timed(BuildStage stage, double& seconds, Work work) {
    run_.stage = stage;
    const auto started = Clock::now();
    VAMANA_TRY(work());
    seconds = seconds_since(started);
    release_freed_memory();
    return Status();
  }

  bool in_memory() const { return plan_.vectors_in_memory; }
  uint64_t kept() const { return survivors_.old_of.size(); }

  Status read() {
    VAMANA_TRY(open_source(run_));
    if (in_memory()) {
      VAMANA_TRY(load_vectors(run_));
    } else {
      run_.vectors = std::make_unique<SourceVectors>(run_.source, run_.row_of);
    }
    survivors_ = Survivors::of(large_->rows(), dead_nodes_);
    VAMANA_ASSIGN(codes_, MergeCodes::create(run_, large_, survivors_.old_of, !in_memory()));
    run_.known_code = [this](uint32_t node) { return codes_->code(node); };
    const std::vector<uint8_t> parameters = large_->codec().parameters();
    VAMANA_ASSIGN(run_.codec, make_codec(large_->codec().kind(), build_.source.dim, build_.metric,
                                         large_->codec().code_bytes(), parameters));
    const CodesFields& fields = large_->codes_header().codes;
    run_.code_error.training = report_.training_error = fields.training_error;
    run_.code_error.pq_recall = fields.pq_recall;
    run_.code_error.rabitq_recall = fields.rabitq_recall;
    report_.inserted_error = codes_->fresh_error();
    return run_.proceed(run_.rows(), run_.rows());
  }

  Status repair() {
    VAMANA_ASSIGN(run_.graph, BuildGraph::create(run_.rows(), build_places(build_.degree)));
    if (in_memory()) {
      const auto& vectors = static_cast<const MemoryVectors&>(*run_.vectors);
      space_.emplace(vectors.data(), run_.rows(), build_.source.dim, build_.source.element, build_.metric, run_.pool);
      ExactPruner pruner(*space_, params_.prune, run_.graph, run_.pool);
      VAMANA_TRY(repair_with(pruner));
    } else {
      WindowPruner pruner(run_, prune_window_vectors(build_));
      VAMANA_TRY(repair_with(pruner));
    }
    survivors_.new_of = {};
    return Status();
  }

  Status repair_with(ListPruner& pruner) {
    const PackedGraph& graph = large_->graph();
    const OldLists old = [&graph](uint32_t node, uint32_t* out) { return graph.decode(node, out); };
    VAMANA_ASSIGN(RepairedLists repaired,
                  repair_lists(old, survivors_, build_.degree, run_.graph, pruner, run_.pool, run_.cancel,
                               [this](uint64_t done, uint64_t total) { run_.tick(done, total); }));
    const GraphFields& fields = large_->graph_header().graph;
    run_.entries = surviving_entries(old, survivors_, {fields.entries.data(), fields.entry_count});
    orphans_ = std::move(repaired.orphans);
    report_.lists_repaired = repaired.repaired;
    report_.orphans = orphans_.size();
    return Status();
  }

  Status insert() {
    std::vector<uint32_t> order(run_.rows() - kept());
    std::iota(order.begin(), order.end(), static_cast<uint32_t>(kept()));
    order.insert(order.end(), orphans_.begin(), orphans_.end());
    orphans_ = {};
    Prng prng(build_.seed);
    for (uint64_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[prng.below(i)]);
    const auto on_progress = [this](uint64_t done, uint64_t total) { run_.tick(done, total); };
    if (in_memory()) {
      ExactLinks links(*space_, params_, run_.entries, run_.pool);
      VAMANA_TRY(link_in_batches(order, kept(), run_.graph, links, run_.cancel, on_progress));
      VAMANA_ASSIGN(run_.report.repaired,
                    make_reachable(*space_, params_.prune, params_.build_list, run_.entries, run_.graph, run_.cancel));
      space_.reset();
    } else {
      WindowPruner pruner(run_, prune_window_vectors(build_));
      CodeLinks links(run_, *codes_, pruner);
      VAMANA_TRY(link_in_batches(order, kept(), run_.graph, links, run_.cancel, on_progress));
      VAMANA_TRY(repair_merged(run_));
    }
    count_unreachable(run_);
    return run_.proceed(run_.rows(), run_.rows());
  }

  Status reorder() {
    const uint32_t page_nodes = vectors_layout(build_.source.dim, build_.source.element).records_per_slot;
    VAMANA_ASSIGN(run_.node_at, bisection_order_from(places_of_fresh(run_.graph, kept()), run_.graph, page_nodes,
                                                     run_.pool, run_.cancel));
    return run_.proceed(1, 1);
  }

  const std::shared_ptr<const Segment> large_;
  const BitChunks dead_nodes_;
  const BuildOptions build_;
  const MergePlan plan_;
  BuildRun run_;
  const VamanaParams params_;
  MergeReport report_;

  Survivors survivors_;
  std::optional<MergeCodes> codes_;
  std::optional<BuildSpace> space_;  // while vectors are in memory
  std::vector<uint32_t> orphans_;
};

}  // namespace

Result<MergeReport> run_streaming(const MergeOptions& options, const MergePlan& plan, const CancelFlag& cancel,
                                  const BuildProgress& progress) {
  return StreamingMerge(options, plan, cancel, progress).run();
}

}  // namespace vamana
