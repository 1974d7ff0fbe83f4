// One shard of a cache by LRU: a hash table and a list by recency over a fixed number of entries, all named by
// number so that nothing is allocated once the memory is there. Not in the product: cache_bench.cc compares the page
// cache's policy with it.
//
// Entries [0, used) are in use and never given back; each is in exactly one hash chain and in the recency
// list. The table is one allocation and the slots' bytes come in chunks; neither costs real memory before
// it is touched.
//
// Thread safety: none; the bench's cache holds the shard's mutex.
#pragma once

#include <cstdint>
#include <vector>

#include "base/aligned_buffer.h"

namespace vamana {

class LruShard {
 public:
  // What one cached slot costs: its bytes, its entry and its part of the hash table.
  static uint64_t entry_cost(uint32_t slot_bytes);

  // Before first use. REQUIRES entries > 0.
  void configure(uint32_t entries, uint32_t slot_bytes);

  // The slot's bytes, made the most recent; nullptr when absent.
  const uint8_t* find(uint64_t slot);
  // Room for the slot's bytes, made the most recent, pushing out the least recent when full. The caller
  // fills it. nullptr when the system has no memory for even one entry.
  uint8_t* place(uint64_t slot);

  uint32_t used() const { return used_; }
  uint32_t entries() const { return entries_; }
  uint64_t used_bytes() const { return used_ * entry_cost(slot_bytes_); }

 private:
  // A number of an entry plus one, so that zeroed memory means none.
  using Link = uint32_t;

  struct Entry {
    uint64_t slot;
    Link older, newer;  // by recency
    Link chain;         // the next with the same hash
  };

  bool create_table();
  bool add_entry();
  Entry& entry(Link link) { return table_[link - 1]; }
  uint8_t* bytes_of(Link link);
  Link& bucket_of(uint64_t slot);
  Link locate(uint64_t slot);
  void unchain(Link link);
  void unlink(Link link);
  void link_newest(Link link);

  // Constant after configure().
  uint32_t entries_ = 0;
  uint32_t slot_bytes_ = 0;
  uint32_t bucket_shift_ = 0;

  uint32_t used_ = 0;
  Link newest_ = 0;
  Link oldest_ = 0;
  AlignedBuffer memory_;  // of the two below
  Entry* table_ = nullptr;
  Link* buckets_ = nullptr;
  std::vector<AlignedBuffer> chunks_;
};

}  // namespace vamana
