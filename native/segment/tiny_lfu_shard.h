// One shard of the page cache: W-TinyLFU (Einziger, Friedman and Manes 2017) over a fixed number of entries.
// Used by page_cache.cc alone; why this policy and not LRU is measured in docs/page-cache.md.
//
// A new slot enters a small window kept by recency. What falls out of the window stays only if it was asked
// for more often lately, by the sketch, than the slot that would have to go for it; so slots wanted once do
// not push out those wanted often. The rest is kept by recency in two parts: slots on probation, and slots
// asked for again since, which are protected from eviction.
//
// Entries are named by number, so that nothing is allocated once the memory is there. Entries [0, used) are
// in use and never given back; each is in exactly one hash chain and one of the three lists. The table is one
// allocation and the slots' bytes come in chunks; neither costs real memory before it is touched.
//
// Thread safety: none; the cache holds the shard's mutex.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/aligned_buffer.h"
#include "segment/frequency_sketch.h"

namespace vamana {

class TinyLfuShard {
 public:
  // What one cached slot costs at most: its bytes, its entry, its part of the hash table and of the sketch.
  static uint64_t entry_cost(uint32_t slot_bytes);
  // What a shard costs beside its entries and this object: the least sketch.
  static constexpr uint64_t kFixedCost = 64;

  // Before first use. REQUIRES entries > 0.
  void configure(uint32_t entries, uint32_t slot_bytes);

  // Counts the request. The slot's bytes, moved up; nullptr when absent.
  const uint8_t* find(uint64_t slot);
  // Room for the slot's bytes, pushing out another slot when full; the slot is then found until it loses its
  // own place. The caller fills the room. nullptr when the system has no memory for even one entry.
  uint8_t* place(uint64_t slot);

  uint32_t used() const { return used_; }
  uint32_t entries() const { return entries_; }
  uint64_t used_bytes() const { return kFixedCost + used_ * entry_cost(slot_bytes_); }

  // Entries of the window and, of the others, of the protected part, at most.
  static uint32_t window_entries(uint32_t entries);
  static uint32_t protected_entries(uint32_t entries);

 private:
  // A number of an entry plus one, so that zeroed memory means none.
  using Link = uint32_t;

  enum Part : uint32_t { kWindow, kProbation, kProtected };

  struct Entry {
    uint64_t slot;
    Link older, newer;  // in its part, by recency
    Link chain;         // the next with the same hash
    Part part;
  };

  struct List {
    Link newest = 0, oldest = 0;
    uint32_t size = 0;
  };

  bool create_table();
  bool add_entry();
  Link evict();
  void touch(Link link);
  void move(Link link, Part to);
  Entry& entry(Link link) { return table_[link - 1]; }
  uint8_t* bytes_of(Link link);
  Link& bucket_of(uint64_t slot);
  Link locate(uint64_t slot);
  void unchain(Link link);
  void unlink(Link link);
  void link_newest(Link link, Part part);

  // Constant after configure().
  uint32_t entries_ = 0;
  uint32_t slot_bytes_ = 0;
  uint32_t bucket_shift_ = 0;

  uint32_t used_ = 0;
  std::array<List, 3> parts_;
  FrequencySketch sketch_;
  AlignedBuffer memory_;  // of the sketch and the two below
  Entry* table_ = nullptr;
  Link* buckets_ = nullptr;
  std::vector<AlignedBuffer> chunks_;
};

}  // namespace vamana
