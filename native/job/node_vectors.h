// The vectors of a build by node, wherever they are: in RAM, or still in the source. What trains codecs,
// merges partitions and writes the segment fetches through this, and so does not care which build it serves.
//
// Thread safety: fetch is called by one thread, which lends the pool; SourceVectors::read by any.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "job/row_source.h"

namespace vamana {

class NodeVectors {
 public:
  virtual ~NodeVectors() = default;
  // Copies the vectors of `nodes`, in that order and tightly packed, to `to`.
  virtual Status fetch(std::span<const uint32_t> nodes, uint8_t* to, ThreadPool& pool) const = 0;
};

class MemoryVectors final : public NodeVectors {
 public:
  MemoryVectors(AlignedBuffer vectors, uint64_t vector_bytes)
      : vectors_(std::move(vectors)), vector_bytes_(vector_bytes) {}
  const uint8_t* data() const { return vectors_.data(); }
  Status fetch(std::span<const uint32_t> nodes, uint8_t* to, ThreadPool& pool) const override;

 private:
  const AlignedBuffer vectors_;
  const uint64_t vector_bytes_;
};

class SourceVectors final : public NodeVectors {
 public:
  // `row_of`: the place of each node in the source; as long as it is empty, they are the same. Outlives this.
  SourceVectors(std::shared_ptr<const RowSource> source, const std::vector<uint32_t>& row_of)
      : source_(std::move(source)), row_of_(row_of) {}
  Status read(uint32_t node, uint8_t* to) const { return source_->read_rows(row(node), 1, to); }
  // Reads in the order of the source, rows that lie close together at once.
  Status fetch(std::span<const uint32_t> nodes, uint8_t* to, ThreadPool& pool) const override;

 private:
  struct Wanted {
    uint32_t row;
    uint32_t place;  // in the output
    bool operator<(const Wanted& other) const { return row < other.row || (row == other.row && place < other.place); }
  };

  size_t run_of(std::span<const Wanted> wanted) const;
  Status read_run(std::span<const Wanted> run, uint8_t* to, std::vector<uint8_t>& scratch) const;
  uint32_t row(uint32_t node) const { return row_of_.empty() ? node : row_of_[node]; }

  const std::shared_ptr<const RowSource> source_;
  const std::vector<uint32_t>& row_of_;
};

}  // namespace vamana
