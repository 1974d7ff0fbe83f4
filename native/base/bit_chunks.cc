#include "base/bit_chunks.h"

#include <algorithm>
#include <bit>

namespace vamana {

uint64_t BitChunks::count(uint64_t first, uint64_t end) const {
  uint64_t found = 0;
  end = std::min(end, uint64_t{chunks_.size()} * kChunkBits);
  while (first < end) {
    const uint64_t chunk = first / kChunkBits;
    const uint64_t stop = std::min(end, (chunk + 1) * kChunkBits);
    if (chunks_[chunk] == nullptr) {
      first = stop;
    } else if (stop - first == kChunkBits) {
      found += chunks_[chunk]->count;
      first = stop;
    } else {
      const auto& words = chunks_[chunk]->words;
      // To the end of the word, with what lies before `first` and from `stop` on shifted out.
      const uint64_t word_end = std::min(stop, (first / 64 + 1) * 64);
      const uint64_t bits = word_end - first;
      const uint64_t mask = bits == 64 ? ~uint64_t{0} : ((uint64_t{1} << bits) - 1) << (first % 64);
      found += static_cast<uint64_t>(std::popcount(words[first % kChunkBits / 64] & mask));
      first = word_end;
    }
  }
  return found;
}

std::vector<uint32_t> BitChunks::members(uint64_t first, uint64_t end) const {
  std::vector<uint32_t> found;
  end = std::min(end, uint64_t{chunks_.size()} * kChunkBits);
  for (uint64_t word = first / 64; word * 64 < end; ++word) {
    const auto& chunk = chunks_[word * 64 / kChunkBits];
    if (chunk == nullptr) {
      word |= kChunkBits / 64 - 1;  // the chunk's last
      continue;
    }
    for (uint64_t bits = chunk->words[word % (kChunkBits / 64)]; bits != 0; bits &= bits - 1) {
      const uint64_t number = word * 64 + static_cast<uint64_t>(std::countr_zero(bits));
      if (number >= first && number < end) found.push_back(static_cast<uint32_t>(number));
    }
  }
  return found;
}

BitChunks BitChunks::with(std::span<const uint32_t> numbers) const {
  BitChunks next = *this;
  std::vector<std::shared_ptr<Chunk>> owned;  // by chunk: those copied here, which may be written to
  for (const uint32_t number : numbers) {
    const uint32_t chunk = number / kChunkBits, bit = number % kChunkBits;
    if (next.test(number)) continue;
    if (chunk >= next.chunks_.size()) next.chunks_.resize(chunk + 1);
    if (chunk >= owned.size()) owned.resize(chunk + 1);
    if (owned[chunk] == nullptr) {
      const auto& before = next.chunks_[chunk];
      owned[chunk] = before == nullptr ? std::make_shared<Chunk>() : std::make_shared<Chunk>(*before);
      next.chunks_[chunk] = owned[chunk];
    }
    owned[chunk]->words[bit / 64] |= uint64_t{1} << (bit % 64);
    ++owned[chunk]->count;
    ++next.count_;
  }
  return next;
}

uint64_t BitChunks::bytes() const {
  const auto present = static_cast<uint64_t>(
      std::count_if(chunks_.begin(), chunks_.end(), [](const auto& chunk) { return chunk != nullptr; }));
  return present * sizeof(Chunk) + chunks_.capacity() * sizeof chunks_[0];
}

uint64_t BitChunks::chunks_shared_with(const BitChunks& other) const {
  uint64_t shared = 0;
  for (size_t i = 0; i < std::min(chunks_.size(), other.chunks_.size()); ++i) {
    shared += chunks_[i] != nullptr && chunks_[i] == other.chunks_[i];
  }
  return shared;
}

}  // namespace vamana
