// What the stages of one build share: the request, the pool, and what earlier stages left for later ones. A
// build node is a number of the build's own: an order in which near vectors stand near, not yet the final one.
//
// Thread safety: none; the building thread owns it. widen() may be called from the pool.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/thread_pool.h"
#include "codec/code_error.h"
#include "codec/codec.h"
#include "graph/build_graph.h"
#include "job/build_job.h"
#include "job/node_vectors.h"
#include "kernels/kernels.h"

namespace vamana {

struct BuildRun {
  BuildRun(const BuildOptions& options_in, const BuildPlan& plan_in, const CancelFlag& cancel_in,
           const BuildProgress& progress_in)
      : options(options_in), plan(plan_in), cancel(cancel_in), progress(progress_in), pool(options_in.threads) {
    if (options.throttle == nullptr) return;
    pool.set_before_chunk([this] { options.throttle->before_work(cancel); });
  }

  uint64_t rows() const { return options.source.rows; }
  uint64_t vector_bytes() const { return uint64_t{options.source.dim} * element_bytes(options.source.element); }

  // Tells how far the stage is, and whether to go on; waits where the job is paused.
  Status proceed(uint64_t done, uint64_t total) {
    if (options.throttle != nullptr) options.throttle->wait_while_paused(cancel);
    if (cancel.cancelled()) return aborted_status("the build");
    progress(stage, done, total);
    return Status();
  }
  // The same for loops that come here often: tells a few times a second, and the end.
  void tick(uint64_t done, uint64_t total) {
    if (options.throttle != nullptr) options.throttle->wait_while_paused(cancel);
    const auto now = std::chrono::steady_clock::now();
    if (now - last_tick < std::chrono::milliseconds(100) && done != total) return;
    last_tick = now;
    progress(stage, done, total);
  }

  // The row id of a build node.
  uint32_t row_id(uint32_t node) const { return source->row_id(row_of.empty() ? node : row_of[node]); }

  // A vector as codecs want it.
  void widen(const uint8_t* vector, float* out) const {
    widen_kernel(options.source.element)(vector, options.source.dim, out);
    if (options.metric == Metric::kCosine) normalise(out, options.source.dim);
  }

  const BuildOptions& options;
  const BuildPlan& plan;
  const CancelFlag& cancel;
  const BuildProgress& progress;
  ThreadPool pool;
  BuildStage stage = BuildStage::kRead;
  std::chrono::steady_clock::time_point last_tick;
  BuildReport report;

  std::unique_ptr<SegmentWriter> writer;
  std::shared_ptr<const RowSource> source;  // open from the first stage to the last
  std::vector<uint32_t> row_of;  // by build node, its place in the source; empty as long as they are the same
  std::unique_ptr<NodeVectors> vectors;
  std::unique_ptr<Codec> codec;
  // By build node, where the codes are there already; empty: vectors are encoded as they are written.
  std::function<const uint8_t*(uint32_t node)> known_code;
  CodeError code_error;
  BuildGraph graph;
  std::vector<uint32_t> entries;  // build nodes where walks begin
  bool lists_on_disk = false;     // packed lists and those they are made of are not held at once
  std::vector<uint32_t> node_at;  // the final order: node_at[place] = build node
};

// Opens what the options name and leaves it in run.source. INVALID_ARGUMENT when its shape is not that of the options.
Status open_source(BuildRun& run);

// `count` vectors evenly spread over all nodes, widened, to `out` (count x dim).
Status sample_vectors(BuildRun& run, uint64_t count, float* out);

// Counts in the report what no entry leads to, which is nothing. REQUIRES run.graph and run.entries.
void count_unreachable(BuildRun& run);

// Gives freed memory back to the system: what stays in the allocator counts against the limit all the same.
void release_freed_memory();

}  // namespace vamana
