// A set of row ids that any number of threads insert into at once: how `verify` proves row ids distinct.
// Ids may be any u32, but those of a segment lie mostly together, so the bitmap is made a chunk of 2^20 ids
// (128 KiB) at a time: rows / 8 bytes for a dense segment, 512 MiB at the very worst.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace vamana {

class RowSet {
 public:
  RowSet() : chunks_(std::make_unique<std::atomic<Word*>[]>(kChunks)) {}
  RowSet(const RowSet&) = delete;
  RowSet& operator=(const RowSet&) = delete;
  ~RowSet() {
    for (size_t i = 0; i < kChunks; ++i) delete[] chunks_[i].load(std::memory_order_relaxed);
  }

  // False when `row` was in the set already. Of threads that insert one id at once, one gets true.
  bool insert(uint32_t row) {
    const uint32_t bit = row % kChunkRows;
    const uint64_t mask = uint64_t{1} << (bit % 64);
    return (chunk(row / kChunkRows)[bit / 64].fetch_or(mask, std::memory_order_relaxed) & mask) == 0;
  }

 private:
  using Word = std::atomic<uint64_t>;
  static constexpr uint32_t kChunkRows = 1 << 20;
  static constexpr size_t kChunks = 1 << 12;

  Word* chunk(uint32_t index) {
    Word* found = chunks_[index].load(std::memory_order_acquire);
    if (found != nullptr) return found;
    std::unique_ptr<Word[]> fresh(new Word[kChunkRows / 64]());
    // Another thread may have been first: then its chunk is taken and ours dropped.
    if (chunks_[index].compare_exchange_strong(found, fresh.get(), std::memory_order_acq_rel)) return fresh.release();
    return found;
  }

  std::unique_ptr<std::atomic<Word*>[]> chunks_;
};

}  // namespace vamana
