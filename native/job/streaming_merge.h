// The stages of a streaming merge: read, repair, insert, reorder, write. Called by run_merge_plan().
#pragma once

#include "base/cancel.h"
#include "base/status.h"
#include "job/merge_job.h"

namespace vamana {

Result<MergeReport> run_streaming(const MergeOptions& options, const MergePlan& plan, const CancelFlag& cancel,
                                  const BuildProgress& progress);

}  // namespace vamana
