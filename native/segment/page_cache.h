// A cache of slots of the vectors file, least recently used out first, bounded in bytes.
//
// Thread safety: any thread; 16 shards, each under its own mutex. Slots are copied in and out (a 4 KiB copy
// costs less than keeping pins), so nothing that leaves the cache can be evicted under its user.
#pragma once

#include <cstdint>
#include <memory>

namespace vamana {

class PageCache {
 public:
  // `capacity_bytes` counts the slots and their bookkeeping; 0 means no cache. REQUIRES slot_bytes > 0.
  PageCache(uint64_t capacity_bytes, uint32_t slot_bytes);
  ~PageCache();

  bool enabled() const;
  // Copies the slot to `to` and makes it the most recent; false when absent.
  bool lookup(uint64_t slot, uint8_t* to);
  void insert(uint64_t slot, const uint8_t* data);

  struct Facts {
    uint64_t capacity_bytes = 0, used_bytes = 0, hits = 0, misses = 0;
  };
  Facts facts() const;

 private:
  struct Shard;
  std::unique_ptr<Shard[]> shards_;
  uint64_t capacity_bytes_;
  uint32_t slot_bytes_;
};

}  // namespace vamana
