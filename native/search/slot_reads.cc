#include "search/slot_reads.h"

namespace vamana {

void SlotReads::clear() {
  slots_.clear();
  data_.clear();
  places_.clear();
  batch_.requests.clear();
  batch_.status = Status();
}

Status SlotReads::plan(const Segments& segments, PageCache& cache, std::span<const SlotPlace> slots,
                       std::span<uint8_t>* arena, QueryCost* cost) {
  if (slots.empty()) return Status();
  // All segments of a snapshot have records of one size.
  const uint32_t pages = segments.front().segment->slot_pages();
  const uint64_t slot_bytes = pages * kPageBytes, needed = slots.size() * slot_bytes;
  uint8_t* to = arena->data();
  if (needed <= arena->size()) {
    *arena = arena->subspan(needed);
  } else {
    if (overflow_.size() < needed) {
      VAMANA_ASSIGN(overflow_, AlignedBuffer::create(needed));
    }
    to = overflow_.data();
  }
  for (const SlotPlace& place : slots) {
    const Segment& segment = *segments[place.part].segment;
    slots_.push_back(place);
    if (cache.lookup(segment.cache_key(place.slot), to)) {
      ++cost->cache_hits;
      data_.push_back(to);
    } else {
      places_.push_back(data_.size());
      data_.push_back(nullptr);
      PageRequest read;
      read.file = &segment.page_file();
      read.page = segment.slot_page(place.slot);
      read.pages = pages;
      read.buffer = to;
      batch_.requests.push_back(read);
      cost->reads += pages;
    }
    to += slot_bytes;
  }
  return Status();
}

Status SlotReads::check(const Segments& segments, PageCache& cache) {
  VAMANA_TRY(batch_.status);
  for (size_t i = 0; i < places_.size(); ++i) {
    const SlotPlace& place = slots_[places_[i]];
    const Segment& segment = *segments[place.part].segment;
    const uint8_t* const data = batch_.requests[i].data;
    if (!segment.slot_valid(place.slot, data)) return segment.slot_error(place.slot);
    cache.insert(segment.cache_key(place.slot), data);
    data_[places_[i]] = data;
  }
  return Status();
}

}  // namespace vamana
