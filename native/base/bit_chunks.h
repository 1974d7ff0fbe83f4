// A set of u32 numbers as a bitmap in chunks of 2^16 bits, made for versions: a later version shares every
// chunk that it did not change with the one before, and numbers that were never put in cost nothing. What a
// snapshot has of dead rows and dead nodes.
//
// A version with n numbers more copies the chunks they lie in (8 KiB each) and the list of chunks (16 bytes
// for each 2^16 numbers up to the greatest).
//
// Thread safety: a value is immutable but for assignment; any number of threads read it and copies of it.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace vamana {

class BitChunks {
 public:
  static constexpr uint32_t kChunkBits = 1 << 16;

  bool test(uint32_t number) const {
    const uint32_t chunk = number / kChunkBits;
    if (chunk >= chunks_.size() || chunks_[chunk] == nullptr) return false;
    const uint32_t bit = number % kChunkBits;
    return (chunks_[chunk]->words[bit / 64] >> (bit % 64) & 1) != 0;
  }

  uint64_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  // How many of them lie in [first, end).
  uint64_t count(uint64_t first, uint64_t end) const;

  // Those of [first, end), ascending.
  std::vector<uint32_t> members(uint64_t first, uint64_t end) const;

  // Calls visit(number) for those of [0, end) that are not in it, ascending, until it returns false; whether it never
  // did.
  template <typename Visit>
  bool for_each_absent(uint64_t end, const Visit& visit) const {
    for (uint64_t word = 0; word * 64 < end; ++word) {
      const uint64_t chunk = word * 64 / kChunkBits;
      const bool has = chunk < chunks_.size() && chunks_[chunk] != nullptr;
      uint64_t absent = has ? ~chunks_[chunk]->words[word % (kChunkBits / 64)] : ~uint64_t{0};
      if (end - word * 64 < 64) absent &= (uint64_t{1} << (end - word * 64)) - 1;
      for (; absent != 0; absent &= absent - 1) {
        if (!visit(static_cast<uint32_t>(word * 64 + static_cast<uint64_t>(std::countr_zero(absent))))) return false;
      }
    }
    return true;
  }

  // The same set with `numbers` in it too; any order, repeats and members allowed.
  BitChunks with(std::span<const uint32_t> numbers) const;

  // Bytes of the chunks, shared ones included.
  uint64_t bytes() const;
  // How many chunks are one and the same object in both: for tests of sharing.
  uint64_t chunks_shared_with(const BitChunks& other) const;

 private:
  struct Chunk {
    std::array<uint64_t, kChunkBits / 64> words{};
    uint32_t count = 0;
  };

  std::vector<std::shared_ptr<const Chunk>> chunks_;
  uint64_t count_ = 0;
};

}  // namespace vamana
