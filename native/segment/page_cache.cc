#include "segment/page_cache.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "base/check.h"
#include "segment/tiny_lfu_shard.h"

namespace vamana {

// On cache lines of its own, so that one shard's mutex does not slow down its neighbour's.
struct alignas(64) PageCache::Shard {
  std::mutex mutex;
  TinyLfuShard slots;
  uint64_t hits = 0;
  uint64_t misses = 0;
};

PageCache::PageCache(uint64_t capacity_bytes, uint32_t slot_bytes)
    : capacity_bytes_(capacity_bytes), slot_bytes_(slot_bytes) {
  VAMANA_CHECK(slot_bytes > 0);
  const uint64_t share = capacity_bytes / kShards, fixed = sizeof(Shard) + TinyLfuShard::kFixedCost;
  if (share < fixed) return;
  const uint64_t entries = std::min<uint64_t>((share - fixed) / TinyLfuShard::entry_cost(slot_bytes), UINT32_MAX - 1);
  if (entries == 0) return;
  shards_ = std::make_unique<Shard[]>(kShards);
  for (uint32_t i = 0; i < kShards; ++i) shards_[i].slots.configure(static_cast<uint32_t>(entries), slot_bytes);
}

PageCache::~PageCache() = default;

// The low bits of a mixed slot, where the bucket inside the shard takes the high bits of another product.
uint32_t PageCache::shard_of(uint64_t slot) {
  const uint64_t mixed = (slot ^ (slot >> 32)) * 0xD6E8FEB86659FD93ull;
  return static_cast<uint32_t>((mixed >> 40) % kShards);
}

bool PageCache::lookup(uint64_t slot, uint8_t* to) {
  if (!enabled()) return false;
  Shard& shard = shards_[shard_of(slot)];
  std::lock_guard lock(shard.mutex);
  const uint8_t* found = shard.slots.find(slot);
  if (found == nullptr) {
    ++shard.misses;
    return false;
  }
  ++shard.hits;
  std::memcpy(to, found, slot_bytes_);
  return true;
}

void PageCache::insert(uint64_t slot, const uint8_t* data) {
  if (!enabled()) return;
  Shard& shard = shards_[shard_of(slot)];
  std::lock_guard lock(shard.mutex);
  uint8_t* room = shard.slots.place(slot);
  if (room != nullptr) std::memcpy(room, data, slot_bytes_);
}

PageCache::Facts PageCache::facts() const {
  Facts facts;
  facts.capacity_bytes = capacity_bytes_;
  if (!enabled()) return facts;
  facts.used_bytes = kShards * sizeof(Shard);
  for (uint32_t i = 0; i < kShards; ++i) {
    Shard& shard = shards_[i];
    std::lock_guard lock(shard.mutex);
    facts.used_bytes += shard.slots.used_bytes();
    facts.used_slots += shard.slots.used();
    facts.capacity_slots += shard.slots.entries();
    facts.hits += shard.hits;
    facts.misses += shard.misses;
  }
  return facts;
}

}  // namespace vamana
