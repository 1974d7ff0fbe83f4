// A cache of slots of the vectors file, bounded in bytes, that keeps what is asked for often and lately
// (W-TinyLFU, see tiny_lfu_shard.h).
//
// Thread safety: any thread; 16 shards, each under its own mutex. Slots are copied in and out (a 4 KiB copy
// costs less than keeping pins), so nothing that leaves the cache can be evicted under its user.
//
// The capacity is divided evenly over the shards, and each decides for itself. One that is too small for
// a slot in every shard (about 64 KiB with 4 KiB slots) caches nothing: enabled() is false, and lookups and
// inserts do nothing. Memory is taken as the cache fills; when the system has none it stops growing.
#pragma once

#include <cstdint>
#include <memory>

namespace vamana {

class PageCache {
 public:
  static constexpr uint32_t kShards = 16;

  // `capacity_bytes` counts the slots and their bookkeeping; 0 means no cache. REQUIRES slot_bytes > 0.
  PageCache(uint64_t capacity_bytes, uint32_t slot_bytes);
  ~PageCache();

  bool enabled() const { return shards_ != nullptr; }
  // Counts the request and copies the slot to `to`; false when absent.
  bool lookup(uint64_t slot, uint8_t* to);
  // Caches the slot, in place of what was cached for it; how long it stays depends on how often it was looked up.
  void insert(uint64_t slot, const uint8_t* data);

  struct Facts {
    uint64_t capacity_bytes = 0, used_bytes = 0, hits = 0, misses = 0;
    uint64_t capacity_slots = 0, used_slots = 0;
  };
  Facts facts() const;

  static uint32_t shard_of(uint64_t slot);

 private:
  struct Shard;
  std::unique_ptr<Shard[]> shards_;  // null when disabled
  uint64_t capacity_bytes_;
  uint32_t slot_bytes_;
};

}  // namespace vamana
