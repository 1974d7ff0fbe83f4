// A delta: the fresh rows of a collection in RAM, searchable at once. Rows stand in the order they came in, each in
// a slot, 0 upwards; a background thread links them into a Vamana graph in that order, and what is not yet linked is
// scanned (delta_search.h).
//
// What it is not: it knows no tombstones and no snapshots (a search says which slots count), it is not durable (the
// WAL is), and it has no bound of its own: when it is full is its owner's policy, by bytes().
//
// Memory: a row takes row_bytes(): vector, room for 1.25 x degree links up to whole cache lines, row id, tree parent,
// and 4 bytes more under the inner product; 264 at 128 u8 dimensions, degree 24. Chunks of some 1-2 MiB (64 to 4096
// rows) are allocated in blocks that double from one chunk to some 8 MiB, and stay until the delta dies; bytes()
// counts them whole. The scratch of linking, some 100 KiB and a byte a row, comes on top, and a byte a row for every
// thread that searches.
//
// Thread safety:
//   append, freeze: one thread at a time, the appender's.
//   link_some, link_all: any threads; a lock lets one of them work at a time.
//   all else, and delta_search: any threads, at any time, without locks.
// Readers hold the Delta by a shared_ptr for as long as they read.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "base/element.h"
#include "base/status.h"
#include "delta/delta_graph.h"
#include "delta/delta_inserter.h"
#include "delta/delta_memory.h"

namespace vamana {

struct DeltaOptions {
  uint32_t dim = 0;
  Element element = Element::kF32;
  Metric metric = Metric::kL2;
  uint32_t degree = 24;
  uint32_t build_list = 100;
  float alpha = 1.2f;
};

class Delta {
 public:
  // INVALID_ARGUMENT where dim is not 1 to 65536, degree not 4 to 256, build_list not degree to 4096, or alpha not
  // 1 to 2.
  static Result<std::shared_ptr<Delta>> create(const DeltaOptions& options);

  // Takes a copy of rows.size() vectors of element bytes, tightly packed; under cosine, f32 and f16 are normalised
  // (a zero vector stays). All or nothing, and published with one store: a reader that asks for rows() afterwards
  // sees them all. INVALID_ARGUMENT when the ids do not ascend from the last one on or the delta is frozen,
  // NOT_FINITE naming the row, MEMORY_LIMIT when there is no memory.
  Status append(std::span<const uint32_t> rows, const uint8_t* vectors);

  // No more appends; linking goes on.
  void freeze() { frozen_.store(true, std::memory_order_release); }
  // Who sees it frozen sees its last rows.
  bool frozen() const { return frozen_.load(std::memory_order_acquire); }

  // Links up to `rows_max` rows of the tail; returns how many, 0 when there is none or another thread is linking.
  uint32_t link_some(uint32_t rows_max);
  // Links every row appended so far, or waits while another thread does. ABORTED when cancelled.
  Status link_all(const CancelFlag& cancel);

  uint32_t rows() const { return rows_.load(std::memory_order_acquire); }
  uint32_t linked() const { return linked_.load(std::memory_order_acquire); }
  uint64_t bytes() const { return memory_.bytes() + sizeof(Delta); }
  uint64_t row_bytes() const { return memory_.row_bytes(); }

  const DeltaOptions& options() const { return options_; }
  uint64_t vector_bytes() const { return memory_.vector_bytes(); }

  // REQUIRES of all below: slot < rows() as the caller has seen it.
  uint32_t row(uint32_t slot) const { return *memory_.row(slot); }
  const uint8_t* vector(uint32_t slot) const { return memory_.vector(slot); }
  // How many slots from `slot` on have their vectors one after the other, vector_bytes() apart: for going over all
  // rows without asking for each. May reach past the last row.
  uint32_t run(uint32_t slot) const { return memory_.run(slot); }

  // The slot of a row id among the first `visible`, by binary search.
  std::optional<uint32_t> slot_of(uint32_t row, uint32_t visible) const;

  // For walking. Edges lead to slots that are linked or just being linked; from the first of entries(), slot 0, all
  // linked ones can be reached.
  const DeltaGraph& graph() const { return graph_; }
  const DeltaMemory& memory() const { return memory_; }
  const DeltaEntries& entries() const { return inserter_.entries(); }

 private:
  explicit Delta(const DeltaOptions& options);
  Status check(std::span<const uint32_t> rows, const uint8_t* vectors) const;
  void copy_in(uint32_t slot, const uint8_t* vector);

  const DeltaOptions options_;
  DeltaMemory memory_;
  const DeltaGraph graph_;
  std::vector<float> widened_;  // the appender's scratch; empty where nothing is normalised

  std::mutex linking_;      // never taken by a reader or the appender
  DeltaInserter inserter_;  // under linking_

  // Published: stored with release after all that they make visible.
  std::atomic<uint32_t> rows_{0};
  std::atomic<uint32_t> linked_{0};
  std::atomic<bool> frozen_{false};
};

}  // namespace vamana
