// The memory of a delta: rows by slot, in chunks that are allocated as rows come and never move, so that a reader
// needs no lock to follow a slot to its vector or list. What the bytes mean is the business of the other files.
//
// A chunk holds, each part beginning on a cache line: vectors, tightly packed | neighbour lists, one word of length
// and places() words each | row ids | tree parents | under the inner product, lifts.
//
// Thread safety: reserve() from the appending thread only. Addresses may be asked for from any thread, for slots
// that the asking thread has learnt of through an acquiring load that the appending thread's release precedes.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/coding.h"
#include "base/element.h"
#include "base/prefetch.h"
#include "base/status.h"

namespace vamana {

class DeltaMemory {
 public:
  // REQUIRES dim >= 1 and degree >= 1.
  DeltaMemory(uint32_t dim, Element element, Metric metric, uint32_t degree);

  // Makes room for `rows` in all. MEMORY_LIMIT when there is none; what was there stays usable.
  Status reserve(uint64_t rows);

  // Allocates and touches what reserve() will need soon, given the rows there are, so that whoever appends waits for no
  // pages. Without memory nothing happens: reserve() will say so. Any thread, one at a time.
  void prepare(uint64_t rows);

  // All that is allocated, exactly: whole chunks and the table of them. Any thread.
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // What one row takes of a chunk.
  uint64_t row_bytes() const { return vector_bytes_ + uint64_t{list_words_ + 2 + lift_words_} * sizeof(uint32_t); }
  uint32_t chunk_rows() const { return uint32_t{1} << shift_; }
  uint64_t chunk_bytes() const { return chunk_bytes_; }
  // Rows that fit at most, whatever the memory of the machine.
  uint64_t rows_max() const { return uint64_t{kChunksMax} << shift_; }

  uint32_t dim() const { return dim_; }
  Element element() const { return element_; }
  Metric metric() const { return metric_; }
  uint64_t vector_bytes() const { return vector_bytes_; }
  // Whether vectors are stored with length 1 (or 0): integers could not be.
  bool normalised() const {
    return metric_ == Metric::kCosine && (element_ == Element::kF32 || element_ == Element::kF16);
  }
  // The room of a neighbour list: more than the degree, so that several new edges pay for one pruning.
  uint32_t places() const { return list_words_ - 1; }

  uint8_t* vector(uint32_t slot) const { return chunk(slot) + at(slot) * vector_bytes_; }
  uint32_t* list(uint32_t slot) const { return words(slot, lists_at_) + at(slot) * list_words_; }
  uint32_t* row(uint32_t slot) const { return words(slot, rows_at_) + at(slot); }
  uint32_t* parent(uint32_t slot) const { return words(slot, parents_at_) + at(slot); }
  // REQUIRES the inner product.
  float* lift(uint32_t slot) const { return reinterpret_cast<float*>(words(slot, lifts_at_)) + at(slot); }

  // Slots from `slot` on, itself included, whose rows and vectors lie one after the other.
  uint32_t run(uint32_t slot) const { return chunk_rows() - static_cast<uint32_t>(at(slot)); }

  void prefetch_vector(uint32_t slot) const {
    // The hardware follows on; asking for more than the first lines only crowds the fill buffers.
    prefetch_bytes(vector(slot), std::min<uint64_t>(vector_bytes_, 4 * kCacheLine));
  }
  void prefetch_list(uint32_t slot) const {
    prefetch_bytes(list(slot), list_words_ * sizeof(uint32_t));
  }

 private:
  static constexpr uint32_t kChunksMax = 8192;

  uint8_t* chunk(uint32_t slot) const { return chunks_[slot >> shift_]; }
  uint64_t at(uint32_t slot) const { return slot & mask_; }
  uint32_t* words(uint32_t slot, uint64_t offset) const { return reinterpret_cast<uint32_t*>(chunk(slot) + offset); }

  // Chunks that stand in one allocation.
  struct Block {
    AlignedBuffer buffer;
    uint32_t chunks = 0;
  };

  Status grow();
  Result<Block> create_block();

  // Constant after construction.
  uint32_t dim_;
  Element element_;
  Metric metric_;
  uint64_t vector_bytes_;
  uint32_t list_words_;
  uint32_t lift_words_;
  uint32_t shift_;
  uint32_t mask_;
  uint64_t lists_at_, rows_at_, parents_at_, lifts_at_, chunk_bytes_;

  // The appending thread's; an element is written once, before any slot of it is published.
  std::unique_ptr<uint8_t*[]> chunks_;
  std::vector<Block> blocks_;

  std::atomic<uint32_t> chunk_count_{0};  // written by the appending thread
  std::atomic<uint64_t> bytes_;

  std::mutex preparing_;
  std::optional<Block> prepared_;  // under preparing_
};

}  // namespace vamana
