#include "segment/tiny_lfu_shard.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace vamana {

namespace {
constexpr uint32_t kChunkSlots = 256;  // 1 MiB of 4 KiB slots at a time
}

// At most two buckets and 16 bytes of sketch an entry (powers of two), and a share of the list of chunks.
uint64_t TinyLfuShard::entry_cost(uint32_t slot_bytes) {
  return slot_bytes + sizeof(Entry) + 2 * sizeof(Link) + 16 + 1;
}

// The paper's shares: 1% for the window, and four fifths of the rest for what was asked for again.
uint32_t TinyLfuShard::window_entries(uint32_t entries) { return std::max(1u, entries / 100); }
uint32_t TinyLfuShard::protected_entries(uint32_t entries) {
  return static_cast<uint32_t>(uint64_t{entries - window_entries(entries)} * 4 / 5);
}

void TinyLfuShard::configure(uint32_t entries, uint32_t slot_bytes) {
  VAMANA_CHECK(entries > 0 && slot_bytes > 0);
  entries_ = entries;
  slot_bytes_ = slot_bytes;
  bucket_shift_ = 64 - std::max(1, std::countr_zero(std::bit_ceil(uint64_t{entries})));
}

const uint8_t* TinyLfuShard::find(uint64_t slot) {
  if (table_ == nullptr) return nullptr;
  sketch_.count(slot);
  const Link link = locate(slot);
  if (link == 0) return nullptr;
  touch(link);
  return bytes_of(link);
}

uint8_t* TinyLfuShard::place(uint64_t slot) {
  Link link = locate(slot);
  if (link != 0) {
    touch(link);
    return bytes_of(link);
  }
  if (used_ < entries_ && add_entry()) {
    link = used_;
  } else if (used_ > 0) {
    link = evict();
  } else {
    return nullptr;
  }
  Link& bucket = bucket_of(slot);
  entry(link).slot = slot;
  entry(link).chain = bucket;
  bucket = link;
  link_newest(link, kWindow);
  if (parts_[kWindow].size > window_entries(entries_)) move(parts_[kWindow].oldest, kProbation);
  return bytes_of(link);
}

// Takes one entry out of its chain and its list: the window's oldest or the one that it would replace,
// whichever was asked for less. REQUIRES used_ > 0; a full window, which place() keeps up, unless there is
// nothing else.
TinyLfuShard::Link TinyLfuShard::evict() {
  const Link candidate = parts_[kWindow].oldest;
  const Link victim = parts_[kProbation].oldest != 0 ? parts_[kProbation].oldest : parts_[kProtected].oldest;
  Link gone = candidate;
  if (victim != 0 && sketch_.estimate(entry(candidate).slot) > sketch_.estimate(entry(victim).slot)) {
    move(candidate, kProbation);
    gone = victim;
  }
  unlink(gone);
  unchain(gone);
  return gone;
}

// Asked for again: to the front of its part, or from probation to the protected part, whose oldest goes back
// on probation when there are too many.
void TinyLfuShard::touch(Link link) {
  if (entry(link).part != kProbation) return move(link, entry(link).part);
  move(link, kProtected);
  if (parts_[kProtected].size > protected_entries(entries_)) move(parts_[kProtected].oldest, kProbation);
}

void TinyLfuShard::move(Link link, Part to) {
  unlink(link);
  link_newest(link, to);
}

// Makes entry number used_ usable; false when the system has no memory for it.
bool TinyLfuShard::add_entry() {
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

bool TinyLfuShard::create_table() {
  const uint64_t buckets = uint64_t{1} << (64 - bucket_shift_);
  const uint64_t sketch_bytes = FrequencySketch::bytes(entries_);
  auto memory = AlignedBuffer::create(sketch_bytes + entries_ * sizeof(Entry) + buckets * sizeof(Link));
  if (!memory.ok()) return false;
  memory_ = std::move(memory).value();
  sketch_.configure(entries_, reinterpret_cast<uint64_t*>(memory_.data()));
  table_ = reinterpret_cast<Entry*>(memory_.data() + sketch_bytes);
  buckets_ = reinterpret_cast<Link*>(memory_.data() + sketch_bytes + entries_ * sizeof(Entry));
  return true;
}

uint8_t* TinyLfuShard::bytes_of(Link link) {
  const uint32_t index = link - 1;
  return chunks_[index / kChunkSlots].data() + uint64_t{index % kChunkSlots} * slot_bytes_;
}

// Multiplicative hashing: the top bits of the product depend on all bits of the slot. The shard was chosen
// by other means (PageCache::shard_of), so slots of one shard still spread over all its buckets.
TinyLfuShard::Link& TinyLfuShard::bucket_of(uint64_t slot) {
  return buckets_[(slot * 0x9E3779B97F4A7C15ull) >> bucket_shift_];
}

TinyLfuShard::Link TinyLfuShard::locate(uint64_t slot) {
  if (table_ == nullptr) return 0;
  Link link = bucket_of(slot);
  while (link != 0 && entry(link).slot != slot) link = entry(link).chain;
  return link;
}

void TinyLfuShard::unchain(Link link) {
  Link* from = &bucket_of(entry(link).slot);
  while (*from != link) from = &entry(*from).chain;
  *from = entry(link).chain;
}

void TinyLfuShard::unlink(Link link) {
  const Entry& gone = entry(link);
  List& list = parts_[gone.part];
  (gone.newer != 0 ? entry(gone.newer).older : list.newest) = gone.older;
  (gone.older != 0 ? entry(gone.older).newer : list.oldest) = gone.newer;
  --list.size;
}

void TinyLfuShard::link_newest(Link link, Part part) {
  List& list = parts_[part];
  Entry& linked = entry(link);
  linked.part = part;
  linked.newer = 0;
  linked.older = list.newest;
  (list.newest != 0 ? entry(list.newest).newer : list.oldest) = link;
  list.newest = link;
  ++list.size;
}

}  // namespace vamana
