#include "job/live_rows.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace vamana {

namespace {

constexpr uint64_t kWindowBytes = 1 << 20;
// A node is found from its place by a count for its group and a look at the group's bits.
constexpr uint32_t kGroupNodes = 512;

}  // namespace

Result<std::shared_ptr<const LiveRows>> LiveRows::create(std::vector<SegmentRows> segments,
                                                         std::vector<DeltaRows> deltas, const BitChunks& dead) {
  VAMANA_CHECK(!segments.empty() || !deltas.empty());
  std::shared_ptr<LiveRows> made(new LiveRows());
  made->dim_ = segments.empty() ? deltas.front().delta->options().dim : segments.front().segment->dim();
  made->element_ = segments.empty() ? deltas.front().delta->options().element : segments.front().segment->element();
  for (SegmentRows& rows : segments) VAMANA_TRY(made->add(std::move(rows)));
  for (const DeltaRows& rows : deltas) made->add(rows, dead);
  return std::shared_ptr<const LiveRows>(std::move(made));
}

Status LiveRows::add(SegmentRows rows) {
  SegmentPart part;
  part.segment = std::move(rows.segment);
  part.dead_nodes = std::move(rows.dead_nodes);
  part.first = row_ids_.size();
  // All numbers by node first; then those of the dead go.
  row_ids_.resize(part.first + part.segment->rows());
  VAMANA_TRY(part.segment->row_map().for_each([&](uint32_t row, uint32_t node) {
    row_ids_[part.first + node] = row;
    return Status();
  }));
  if (!part.dead_nodes.empty()) {
    uint64_t live = part.first;
    for (uint64_t node = 0; node < part.segment->rows(); ++node) {
      if (node % kGroupNodes == 0) part.live_before.push_back(static_cast<uint32_t>(live - part.first));
      if (!part.dead_nodes.test(static_cast<uint32_t>(node))) row_ids_[live++] = row_ids_[part.first + node];
    }
    row_ids_.resize(live);
  }
  segments_.push_back(std::move(part));
  return Status();
}

void LiveRows::add(const DeltaRows& rows, const BitChunks& dead) {
  DeltaPart part{rows.delta, row_ids_.size(), {}};
  for (uint32_t slot = 0; slot < rows.visible; ++slot) {
    const uint32_t row = rows.delta->row(slot);
    if (dead.test(row)) continue;
    part.slots.push_back(slot);
    row_ids_.push_back(row);
  }
  deltas_.push_back(std::move(part));
}

Status LiveRows::read_rows(uint64_t first, uint64_t count, uint8_t* to) const {
  if (first > rows() || count > rows() - first) {
    return Status(Code::kInvalidArgument, format("rows %llu to %llu asked for, there are %llu", 1ull * first,
                                                 1ull * first + count, 1ull * rows()));
  }
  const uint64_t end = first + count, bytes = row_bytes();
  for (size_t i = 0; i < segments_.size(); ++i) {
    const SegmentPart& part = segments_[i];
    const uint64_t part_end = part.first + part.segment->rows() - part.dead_nodes.count();
    const uint64_t from = std::max(first, part.first), until = std::min(end, part_end);
    if (from >= until) continue;
    VAMANA_TRY(read_segment(part, from - part.first, until - from, to + (from - first) * bytes));
  }
  for (const DeltaPart& part : deltas_) {
    const uint64_t from = std::max(first, part.first), until = std::min(end, part.first + part.slots.size());
    for (uint64_t place = from; place < until; ++place) {
      std::memcpy(to + (place - first) * bytes, part.delta->vector(part.slots[place - part.first]), bytes);
    }
  }
  return Status();
}

// The node of the `place`-th live row.
uint64_t LiveRows::node_at(const SegmentPart& part, uint64_t place) {
  if (part.live_before.empty()) return place;
  const auto above = std::upper_bound(part.live_before.begin(), part.live_before.end(), place);
  const auto group = static_cast<uint64_t>(above - part.live_before.begin()) - 1;
  uint64_t node = group * kGroupNodes;
  for (uint64_t live = part.live_before[group];; ++node) {
    if (part.dead_nodes.test(static_cast<uint32_t>(node))) continue;
    if (live++ == place) return node;
  }
}

Status LiveRows::read_segment(const SegmentPart& part, uint64_t place, uint64_t count, uint8_t* to) {
  const Segment& segment = *part.segment;
  const uint64_t slot_bytes = segment.slot_pages() * kPageBytes;
  const uint64_t vector_bytes = uint64_t{segment.dim()} * element_bytes(segment.element());
  uint64_t node = node_at(part, place);
  const uint64_t last_slot = segment.slot_of(static_cast<uint32_t>(node_at(part, place + count - 1)));
  uint64_t slot = segment.slot_of(static_cast<uint32_t>(node));
  const uint64_t window_slots = std::clamp<uint64_t>(kWindowBytes / slot_bytes, 1, last_slot - slot + 1);
  // Kept by the thread: reads of a few rows are many, and making a window would cost more than most of them.
  thread_local std::vector<uint8_t> window;
  if (window.size() < window_slots * slot_bytes) window.resize(window_slots * slot_bytes);
  while (count > 0) {
    const uint64_t slots = std::min(window_slots, last_slot - slot + 1), offset = segment.slot_page(slot) * kPageBytes;
    VAMANA_TRY(segment.vectors_file().read_at(offset, window.data(), slots * slot_bytes));
    for (uint64_t i = 0; i < slots; ++i) {
      const uint8_t* const data = window.data() + i * slot_bytes;
      if (!segment.slot_valid(slot + i, data)) return segment.slot_error(slot + i);
      for (; count > 0 && node < segment.rows() && segment.slot_of(static_cast<uint32_t>(node)) == slot + i; ++node) {
        if (part.dead_nodes.test(static_cast<uint32_t>(node))) continue;
        std::memcpy(to, segment.record_in_slot(data, static_cast<uint32_t>(node)), vector_bytes);
        to += vector_bytes;
        --count;
      }
    }
    slot += slots;
  }
  return Status();
}

}  // namespace vamana
