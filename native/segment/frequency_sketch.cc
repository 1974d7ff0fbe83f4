#include "segment/frequency_sketch.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace vamana {

namespace {

constexpr uint32_t kRows = 4;
constexpr uint32_t kBlockWords = 8;  // a cache line: two words, or 32 counters, a row
constexpr uint32_t kEntriesABlock = 8;
constexpr uint64_t kRequestsAnEntry = 10;

uint64_t blocks(uint32_t entries) { return std::bit_ceil((uint64_t{entries} + kEntriesABlock - 1) / kEntriesABlock); }

// splitmix64's finaliser: slots are numbered one after another, and the counters of neighbours must differ.
uint64_t mix(uint64_t slot) {
  slot = (slot ^ (slot >> 30)) * 0xBF58476D1CE4E5B9ull;
  slot = (slot ^ (slot >> 27)) * 0x94D049BB133111EBull;
  return slot ^ (slot >> 31);
}

}  // namespace

uint64_t FrequencySketch::bytes(uint32_t entries) { return blocks(entries) * kBlockWords * sizeof(uint64_t); }

void FrequencySketch::configure(uint32_t entries, uint64_t* memory) {
  VAMANA_CHECK(entries > 0 && memory != nullptr);
  words_ = memory;
  block_mask_ = blocks(entries) - 1;
  halve_at_ = kRequestsAnEntry * entries;
}

uint64_t* FrequencySketch::block_of(uint64_t mixed) const { return words_ + (mixed & block_mask_) * kBlockWords; }

// The block is chosen by low bits, the counters by the top 20, five a row.
FrequencySketch::Place FrequencySketch::place(uint64_t mixed, uint32_t row) {
  const auto at = static_cast<uint32_t>(mixed >> (44 + 5 * row)) & 31;
  return {row * 2 + at / 16, at % 16 * 4};
}

void FrequencySketch::count(uint64_t slot) {
  const uint64_t mixed = mix(slot);
  uint64_t* const block = block_of(mixed);
  for (uint32_t row = 0; row < kRows; ++row) {
    const Place at = place(mixed, row);
    if (((block[at.word] >> at.shift) & kMost) != kMost) block[at.word] += uint64_t{1} << at.shift;
  }
  if (++counted_ == halve_at_) halve();
}

uint32_t FrequencySketch::estimate(uint64_t slot) const {
  const uint64_t mixed = mix(slot);
  const uint64_t* const block = block_of(mixed);
  uint32_t least = kMost;
  for (uint32_t row = 0; row < kRows; ++row) {
    const Place at = place(mixed, row);
    least = std::min(least, static_cast<uint32_t>(block[at.word] >> at.shift) & kMost);
  }
  return least;
}

// All 16 counters of a word at once: what a shift moves into a neighbour's top bit is masked off.
void FrequencySketch::halve() {
  const uint64_t words = (block_mask_ + 1) * kBlockWords;
  for (uint64_t i = 0; i < words; ++i) words_[i] = (words_[i] >> 1) & 0x7777777777777777ull;
  counted_ /= 2;
}

}  // namespace vamana
