// The merge: the live rows of segments (and deltas) in; one published segment out, in which rows keep their numbers.
//
// Streaming keeps the graph and the codec of one large segment, as FreshDiskANN does (Singh et al. 2021, section 5.3):
// dead nodes are taken out and what named them is repaired around them, fresh rows are inserted, and all is laid out
// and written anew. Its cost goes by what changed and by one pass over the vectors. A rebuild is an ordinary build of
// the live rows, with a new graph, a new codec and, where asked for, new parameters (job/build_job.h).
#pragma once

#include <cstdint>
#include <memory>

#include "base/cancel.h"
#include "base/status.h"
#include "job/build_job.h"
#include "job/live_rows.h"

namespace vamana {

enum class MergeMode : uint32_t { kStreaming, kRebuild };

struct MergeOptions {
  MergeMode mode = MergeMode::kStreaming;
  // Of streaming: the segment whose graph is kept. Degree, alpha, build list and code are its own, whatever `build`
  // has.
  LiveRows::SegmentRows large;
  // All live rows, those of `large` first: the first segment that it was created from.
  std::shared_ptr<const LiveRows> rows;
  // Folder, metric, threads, memory limit, seed, throttle; for a rebuild the graph and the code too.
  BuildOptions build;
};

struct MergePlan {
  MergeMode mode = MergeMode::kStreaming;
  // The bytes of the stage that holds most, as for a build; a rebuild may go in partitions.
  BuildPlan build;
  // Streaming: all vectors are held, else codes only, and vectors are read in windows.
  bool vectors_in_memory = true;
  uint64_t kept = 0;     // live rows of the segment whose graph is kept; 0 for a rebuild
  uint64_t dropped = 0;  // its dead rows
  uint64_t fresh = 0;    // rows that are inserted; all for a rebuild
};

struct MergeReport {
  MergePlan plan;
  BuildReport build;  // train: 0 for streaming; graph: the insertion
  double repair_seconds = 0;
  uint64_t lists_repaired = 0;  // nodes that had named dead ones
  uint64_t orphans = 0;         // of them those that were linked anew, for too little around them lived
  // How well the codec that was kept fits: mean squared distance of vectors from what their codes decode to, of the
  // rows it was trained on and of those inserted (0 without any). Far apart, a rebuild is due.
  double training_error = 0;
  double inserted_error = 0;
};

// The first way that keeps the memory limit: vectors in memory, else in windows; for a rebuild as plan_build().
// INVALID_ARGUMENT (nothing that lives; for streaming, nothing in the segment to keep), MEMORY_LIMIT with the least
// possible figure.
Result<MergePlan> plan_merge(const MergeOptions& options);
// The plan for streaming in a given way, whatever the limit. REQUIRES MergeMode::kStreaming and a live row in `large`.
MergePlan streaming_plan(const MergeOptions& options, bool vectors_in_memory);

Result<MergeReport> run_merge(const MergeOptions& options, const CancelFlag& cancel, const BuildProgress& progress);
// Merges by a plan made before. The bytes of the segment depend on the parts, the options and the plan's way alone.
Result<MergeReport> run_merge_plan(const MergeOptions& options, const MergePlan& plan, const CancelFlag& cancel,
                                   const BuildProgress& progress);

// Those of the build that a rebuild is: with `rows` as the source.
BuildOptions rebuild_options(const MergeOptions& options);
// The same for streaming, with degree, alpha, build list and metric of the segment that is kept.
BuildOptions streaming_options(const MergeOptions& options);

}  // namespace vamana
