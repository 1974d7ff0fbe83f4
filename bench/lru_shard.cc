// The page cache's policy before W-TinyLFU, kept so that the comparison of cache_bench.cc can be repeated.
#include "lru_shard.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace vamana {

namespace {
constexpr uint32_t kChunkSlots = 256;  // 1 MiB of 4 KiB slots at a time
}

// At most two buckets an entry (a power of two), and a share of the list of chunks.
uint64_t LruShard::entry_cost(uint32_t slot_bytes) { return slot_bytes + sizeof(Entry) + 2 * sizeof(Link) + 1; }

void LruShard::configure(uint32_t entries, uint32_t slot_bytes) {
  VAMANA_CHECK(entries > 0 && slot_bytes > 0);
  entries_ = entries;
  slot_bytes_ = slot_bytes;
  bucket_shift_ = 64 - std::max(1, std::countr_zero(std::bit_ceil(uint64_t{entries})));
}

const uint8_t* LruShard::find(uint64_t slot) {
  const Link link = locate(slot);
  if (link == 0) return nullptr;
  unlink(link);
  link_newest(link);
  return bytes_of(link);
}

uint8_t* LruShard::place(uint64_t slot) {
  Link link = locate(slot);
  if (link != 0) {
    unlink(link);
  } else {
    if (used_ < entries_ && add_entry()) {
      link = used_;
    } else if (oldest_ != 0) {
      link = oldest_;
      unlink(link);
      unchain(link);
    } else {
      return nullptr;
    }
    Link& bucket = bucket_of(slot);
    entry(link).slot = slot;
    entry(link).chain = bucket;
    bucket = link;
  }
  link_newest(link);
  return bytes_of(link);
}

// Makes entry number used_ usable; false when the system has no memory for it.
bool LruShard::add_entry() {
  if (table_ == nullptr && !create_table()) return false;
  if (used_ == chunks_.size() * kChunkSlots) {
    const uint64_t slots = std::min(kChunkSlots, entries_ - used_);
    auto chunk = AlignedBuffer::create(slots * slot_bytes_);
    if (!chunk.ok()) return false;
    chunks_.push_back(std::move(chunk).value());
  }
  ++used_;
  return true;
}

bool LruShard::create_table() {
  const uint64_t buckets = uint64_t{1} << (64 - bucket_shift_);
  auto memory = AlignedBuffer::create(entries_ * sizeof(Entry) + buckets * sizeof(Link));
  if (!memory.ok()) return false;
  memory_ = std::move(memory).value();
  table_ = reinterpret_cast<Entry*>(memory_.data());
  buckets_ = reinterpret_cast<Link*>(memory_.data() + entries_ * sizeof(Entry));
  return true;
}

uint8_t* LruShard::bytes_of(Link link) {
  const uint32_t index = link - 1;
  return chunks_[index / kChunkSlots].data() + uint64_t{index % kChunkSlots} * slot_bytes_;
}

// Multiplicative hashing: the top bits of the product depend on all bits of the slot. The shard was chosen
// by other means (PageCache::shard_of), so slots of one shard still spread over all its buckets.
LruShard::Link& LruShard::bucket_of(uint64_t slot) { return buckets_[(slot * 0x9E3779B97F4A7C15ull) >> bucket_shift_]; }

LruShard::Link LruShard::locate(uint64_t slot) {
  if (table_ == nullptr) return 0;
  Link link = bucket_of(slot);
  while (link != 0 && entry(link).slot != slot) link = entry(link).chain;
  return link;
}

void LruShard::unchain(Link link) {
  Link* from = &bucket_of(entry(link).slot);
  while (*from != link) from = &entry(*from).chain;
  *from = entry(link).chain;
}

void LruShard::unlink(Link link) {
  const Entry& gone = entry(link);
  (gone.newer != 0 ? entry(gone.newer).older : newest_) = gone.older;
  (gone.older != 0 ? entry(gone.older).newer : oldest_) = gone.newer;
}

void LruShard::link_newest(Link link) {
  entry(link).newer = 0;
  entry(link).older = newest_;
  (newest_ != 0 ? entry(newest_).newer : oldest_) = link;
  newest_ = link;
}

}  // namespace vamana
