// Proves a segment folder byte by byte: every header, checksum, padding byte and list; row ids distinct
// and found in rows.seg with their nodes; every node reachable from the entries.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/status.h"
#include "base/thread_pool.h"

namespace vamana {

struct VerifyReport {
  uint64_t rows = 0;
  uint64_t blocks_checked = 0;
  uint64_t bytes_checked = 0;
  uint64_t unreachable = 0;
  std::vector<Status> problems;  // at most 100; empty when the segment is sound
};

using VerifyProgress = std::function<void(uint64_t bytes_done, uint64_t bytes_total)>;

// Fails only when the check itself could not run (folder missing, read refused, cancelled); what is wrong
// with the segment is in the report.
Result<VerifyReport> verify_segment(const std::string& dir, ThreadPool& pool, const CancelFlag& cancel,
                                    const VerifyProgress& progress);

}  // namespace vamana
