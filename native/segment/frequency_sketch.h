// How often the slots of a cache shard were asked for lately, roughly, in a few bits each: a count-min sketch
// of 4-bit counters (Cormode and Muthukrishnan 2005) that forgets by halving every counter once in a while.
// Used by tiny_lfu_shard.cc alone; it holds no slots and decides nothing.
//
// A slot has four counters, all in one cache line, and its estimate is the least of them: never too low
// between two halvings (up to 15), too high only where all four are shared with busier slots.
//
// Thread safety: none; the cache holds the shard's mutex. The counters are the caller's memory.
#pragma once

#include <cstdint>

namespace vamana {

class FrequencySketch {
 public:
  static constexpr uint32_t kMost = 15;

  // Memory for the counters of a shard of so many entries: at most 64 + 16 bytes an entry.
  static uint64_t bytes(uint32_t entries);

  // Before first use. REQUIRES entries > 0, and `memory` zeroed, bytes(entries) long, aligned to 64.
  void configure(uint32_t entries, uint64_t* memory);

  // One more request for the slot. Every tenth request an entry all counters are halved.
  void count(uint64_t slot);
  uint32_t estimate(uint64_t slot) const;

 private:
  struct Place {
    uint64_t word;
    uint32_t shift;
  };
  static Place place(uint64_t mixed, uint32_t row);
  uint64_t* block_of(uint64_t mixed) const;
  void halve();

  uint64_t* words_ = nullptr;
  uint64_t block_mask_ = 0;
  uint64_t counted_ = 0;  // requests, halved with the counters
  uint64_t halve_at_ = 0;
};

}  // namespace vamana
