#include "search/slot_reads.h"

namespace vamana {

void SlotReads::clear() {
  slots_.clear();
  data_.clear();
  places_.clear();
  batch_.requests.clear();
  batch_.status = Status();
}

Status SlotReads::plan(const Segment& segment, PageCache& cache, std::span<const uint64_t> slots,
                       std::span<uint8_t>* arena, QueryCost* cost) {
  const uint64_t slot_bytes = segment.slot_pages() * kPageBytes, needed = slots.size() * slot_bytes;
  uint8_t* to = arena->data();
  if (needed <= arena->size()) {
    *arena = arena->subspan(needed);
  } else {
    if (overflow_.size() < needed) {
      VAMANA_ASSIGN(overflow_, AlignedBuffer::create(needed));
    }
    to = overflow_.data();
  }
  for (const uint64_t slot : slots) {
    slots_.push_back(slot);
    if (cache.lookup(slot, to)) {
      ++cost->cache_hits;
      data_.push_back(to);
    } else {
      places_.push_back(data_.size());
      data_.push_back(nullptr);
      PageRequest read;
      read.page = segment.slot_page(slot);
      read.pages = segment.slot_pages();
      read.buffer = to;
      batch_.requests.push_back(read);
      cost->reads += segment.slot_pages();
    }
    to += slot_bytes;
  }
  return Status();
}

Status SlotReads::check(const Segment& segment, PageCache& cache) {
  VAMANA_TRY(batch_.status);
  for (size_t i = 0; i < places_.size(); ++i) {
    const uint64_t slot = slots_[places_[i]];
    const uint8_t* const data = batch_.requests[i].data;
    if (!segment.slot_valid(slot, data)) return segment.slot_error(slot);
    cache.insert(slot, data);
    data_[places_[i]] = data;
  }
  return Status();
}

}  // namespace vamana
