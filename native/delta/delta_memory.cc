#include "delta/delta_memory.h"

#include <algorithm>
#include <utility>

namespace vamana {

namespace {

constexpr uint64_t kLine = 64;
constexpr size_t kPageBytes = 4096;
constexpr uint64_t kChunkBytesAim = 2 << 20;
// From this size on a buffer may have huge pages (base/aligned_buffer.h).
constexpr uint64_t kBlockBytesAim = 8 << 20;
constexpr uint64_t kChunkRowsMin = 64;
constexpr uint64_t kChunkRowsMax = 4096;

// A quarter more than the degree, then up to whole cache lines: what a reader fetches anyway.
uint32_t words_of_list(uint32_t degree) {
  return static_cast<uint32_t>(round_up(uint64_t{degree} + degree / 4 + 2, kLine / sizeof(uint32_t)));
}

}  // namespace

DeltaMemory::DeltaMemory(uint32_t dim, Element element, Metric metric, uint32_t degree)
    : dim_(dim),
      element_(element),
      metric_(metric),
      vector_bytes_(uint64_t{dim} * element_bytes(element)),
      list_words_(words_of_list(degree)),
      lift_words_(metric == Metric::kDot ? 1 : 0),
      chunks_(std::make_unique<uint8_t*[]>(kChunksMax)),
      bytes_(sizeof(uint8_t*) * kChunksMax) {
  const uint64_t rows = std::clamp(std::bit_floor(kChunkBytesAim / row_bytes()), kChunkRowsMin, kChunkRowsMax);
  shift_ = static_cast<uint32_t>(std::countr_zero(rows));
  mask_ = static_cast<uint32_t>(rows - 1);
  lists_at_ = round_up(rows * vector_bytes_, kLine);
  rows_at_ = lists_at_ + rows * list_words_ * sizeof(uint32_t);
  parents_at_ = rows_at_ + rows * sizeof(uint32_t);
  lifts_at_ = parents_at_ + rows * sizeof(uint32_t);
  chunk_bytes_ = round_up(lifts_at_ + rows * lift_words_ * sizeof(uint32_t), 4096);
}

Status DeltaMemory::reserve(uint64_t rows) {
  if (rows > rows_max()) {
    return Status(Code::kMemoryLimit,
                  format("a delta of %u dimensions holds %llu rows at most, %llu were asked for: "
                         "flush it and go on in a new one",
                         dim_, static_cast<unsigned long long>(rows_max()), static_cast<unsigned long long>(rows)));
  }
  while (uint64_t{chunk_count_.load(std::memory_order_relaxed)} << shift_ < rows) VAMANA_TRY(grow());
  return Status();
}

void DeltaMemory::prepare(uint64_t rows) {
  const uint64_t chunks = chunk_count_.load(std::memory_order_relaxed);
  if (chunks == 0 || chunks == kChunksMax || rows < (chunks - 1) << shift_) return;
  {
    const std::lock_guard lock(preparing_);
    if (prepared_) return;
  }
  Result<Block> block = create_block();
  if (!block.ok()) return;
  // Touched without the lock, which would make reserve() wait for the pages after all.
  AlignedBuffer& buffer = block.value().buffer;
  for (size_t at = 0; at < buffer.size(); at += kPageBytes) *static_cast<volatile uint8_t*>(buffer.data() + at) = 0;
  const std::lock_guard lock(preparing_);
  prepared_ = std::move(block).value();
}

Status DeltaMemory::grow() {
  std::optional<Block> block;
  {
    const std::lock_guard lock(preparing_);
    block = std::exchange(prepared_, std::nullopt);
  }
  if (!block) {
    VAMANA_ASSIGN(block, create_block());
  }
  const uint32_t first = chunk_count_.load(std::memory_order_relaxed);
  const uint32_t count = std::min(block->chunks, kChunksMax - first);
  for (uint32_t i = 0; i < count; ++i) chunks_[first + i] = block->buffer.data() + i * chunk_bytes_;
  chunk_count_.store(first + count, std::memory_order_relaxed);
  blocks_.push_back(*std::move(block));
  return Status();
}

// As much again as there is, within bounds: a small delta stays small, a large one has few maps, which may have huge
// pages.
Result<DeltaMemory::Block> DeltaMemory::create_block() {
  const auto most = static_cast<uint32_t>(div_up(kBlockBytesAim, chunk_bytes_));
  const uint32_t there = chunk_count_.load(std::memory_order_relaxed);
  const uint32_t chunks = std::min({std::max(1u, there), most, kChunksMax - there});
  VAMANA_ASSIGN(AlignedBuffer buffer, AlignedBuffer::create(chunks * chunk_bytes_));
  bytes_.fetch_add(buffer.size(), std::memory_order_relaxed);
  return Block{std::move(buffer), chunks};
}

}  // namespace vamana
