// The vectors of a build by node, wherever they are: in RAM, or still in the vector file. What trains codecs,
// merges partitions and writes the segment fetches through this, and so does not care which build it serves.
//
// Thread safety: fetch is called by one thread, which lends the pool; FileVectors::read by any.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "job/vector_file.h"

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

class FileVectors final : public NodeVectors {
 public:
  // `row_of`: the row of each node; as long as it is empty, nodes are rows. Outlives this.
  FileVectors(VectorFile file, const std::vector<uint32_t>& row_of) : file_(std::move(file)), row_of_(row_of) {}
  const VectorFile& file() const { return file_; }
  Status read(uint32_t node, uint8_t* to) const { return file_.read_rows(row(node), 1, to); }
  // Reads in the order of the file, neighbouring rows at once.
  Status fetch(std::span<const uint32_t> nodes, uint8_t* to, ThreadPool& pool) const override;

 private:
  uint32_t row(uint32_t node) const { return row_of_.empty() ? node : row_of_[node]; }

  const VectorFile file_;
  const std::vector<uint32_t>& row_of_;
};

}  // namespace vamana
