#include "delta/delta_memory.h"

#include <algorithm>

namespace vamana {

namespace {

constexpr uint64_t kLine = 64;
constexpr uint64_t kChunkBytesAim = 2 << 20;
// From this size on AlignedBuffer asks for huge pages.
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
  while (uint64_t{chunk_count_} << shift_ < rows) VAMANA_TRY(grow());
  return Status();
}

// As much again as there is, within bounds: a small delta stays small, a large one gets huge pages.
Status DeltaMemory::grow() {
  const auto most = static_cast<uint32_t>(div_up(kBlockBytesAim, chunk_bytes_));
  const uint32_t count = std::min({std::max(1u, chunk_count_), most, kChunksMax - chunk_count_});
  VAMANA_ASSIGN(AlignedBuffer block, AlignedBuffer::create(count * chunk_bytes_));
  for (uint32_t i = 0; i < count; ++i) chunks_[chunk_count_ + i] = block.data() + i * chunk_bytes_;
  chunk_count_ += count;
  blocks_.push_back(std::move(block));
  bytes_.fetch_add(count * chunk_bytes_, std::memory_order_relaxed);
  return Status();
}

}  // namespace vamana
