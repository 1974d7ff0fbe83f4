// What the checks of one verification share: the report, progress, cancellation and the pool. verify.cc
// runs them; verify_vectors.cc and verify_payloads.cc are the checks of one file each.
//
// Thread safety: everything here is for the thread that verifies; the pool's threads only look at bytes and
// hand back what they found (WindowFindings).
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/thread_pool.h"
#include "format/segment_format.h"
#include "graph/packed_graph.h"
#include "io/file.h"
#include "segment/verify.h"

namespace vamana {

constexpr size_t kProblemsMax = 100;

// A file is gone through in windows of this size: between two of them progress is told and cancellation
// heard.
constexpr uint64_t kVerifyWindowBytes = 32 << 20;

// What threads found in one window, put in order of its place afterwards.
class WindowFindings {
 public:
  void add(uint64_t offset, Status status) {
    std::lock_guard lock(mutex_);
    found_.emplace_back(offset, std::move(status));
  }
  // By offset.
  std::vector<Status> take();

 private:
  std::mutex mutex_;
  std::vector<std::pair<uint64_t, Status>> found_;
};

class VerifyRun {
 public:
  VerifyRun(ThreadPool& pool, const CancelFlag& cancel, const VerifyProgress& progress)
      : pool_(pool), cancel_(cancel), progress_(progress) {}

  ThreadPool& pool() { return pool_; }
  const CancelFlag& cancel() const { return cancel_; }
  VerifyReport& report() { return report_; }

  // Notes what is wrong with the segment; beyond kProblemsMax it is dropped. A failure that says nothing
  // about the segment (the system refused a read) is handed back, and ends the verification.
  Status note(Status problem);
  Status note_all(std::vector<Status> problems);
  uint64_t problems_found() const { return problems_found_; }  // the dropped ones too

  void expect_bytes(uint64_t bytes) { bytes_expected_ += bytes; }
  // Counts what was checked, tells progress; ABORTED when cancelled.
  Status advance(uint64_t blocks, uint64_t bytes);

 private:
  ThreadPool& pool_;
  const CancelFlag& cancel_;
  const VerifyProgress& progress_;
  VerifyReport report_;
  uint64_t bytes_expected_ = 0;
  uint64_t problems_found_ = 0;
};

// Each goes through the whole body of its file. REQUIRES a valid header and a file of its size.
// `row_of_node`: what rows.seg says of each node; empty when it could not be trusted.
Status verify_vectors(VerifyRun& run, const File& file, const SegmentHeader& header,
                      std::span<const uint32_t> row_of_node);
// The row of each node is left in `row_of_node` when the file is sound and has every node once.
Status verify_rows(VerifyRun& run, const File& file, const SegmentHeader& header, std::vector<uint32_t>* row_of_node);
Status verify_codes(VerifyRun& run, const File& file, const SegmentHeader& header);
// The graph is left in `graph` when its bytes and lists are sound.
Status verify_graph(VerifyRun& run, const File& file, const SegmentHeader& header, std::optional<PackedGraph>* graph);

}  // namespace vamana
