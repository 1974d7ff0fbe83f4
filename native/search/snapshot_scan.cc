#include "search/snapshot_scan.h"

#include <algorithm>
#include <chrono>

#include "base/aligned_buffer.h"
#include "kernels/kernels.h"
#include "search/exact_scan.h"

namespace vamana {

namespace {

constexpr uint64_t kWindowBytes = 1 << 20;
// Rows of a delta between two looks at the cancel flag and the clock.
constexpr uint32_t kDeltaRows = 4096;
// Bytes of vectors compared between two looks at the clock at most: some dozens of microseconds.
constexpr uint64_t kLookBytes = 1 << 20;

class Scan {
 public:
  using Clock = std::chrono::steady_clock;

  Scan(SearchRequest& request, uint32_t first, uint32_t count, const std::function<void()>& others)
      : request_(request),
        others_(others),
        space_(request.snapshot->space()),
        queries_(request.queries.data() + first * space_.vector_bytes()),
        count_(count),
        distance_(distance_kernel(space_.metric, space_.element)),
        scan_(space_.metric, space_.element, space_.dim, queries_, count, request.params.k) {}

  Status segment(const SearchSnapshot::SegmentPart& part);
  Status delta(const SearchSnapshot::DeltaPart& part);

  const ExactScan& result() const { return scan_; }
  uint64_t pages() const { return pages_; }
  uint64_t records() const { return records_; }
  // Since it was made, without what others took.
  Clock::duration took() const { return Clock::now() - began_ - elsewhere_; }

 private:
  bool cancelled() const { return request_.cancel != nullptr && request_.cancel->cancelled(); }
  void offer(const uint8_t* vector, uint32_t row) {
    ++records_;
    compared_ += count_ * space_.vector_bytes();
    if (compared_ >= kLookBytes) look_up();
    for (uint32_t q = 0; q < count_; ++q) {
      scan_.offer(q, distance_(queries_ + q * space_.vector_bytes(), vector, space_.dim), row);
    }
  }

  // Lets the thread do something else, if it has worked here for a turn.
  void look_up() {
    compared_ = 0;
    const Clock::time_point now = Clock::now();
    if (now - turn_began_ < kScanTurn) return;
    others_();
    turn_began_ = Clock::now();
    elsewhere_ += turn_began_ - now;
  }

  SearchRequest& request_;
  const std::function<void()>& others_;
  const VectorSpace space_;
  const uint8_t* const queries_;
  const uint32_t count_;
  const DistanceFn distance_;
  ExactScan scan_;
  AlignedBuffer window_;
  uint64_t pages_ = 0;
  uint64_t records_ = 0;
  uint64_t compared_ = 0;  // bytes, since the last look at the clock
  const Clock::time_point began_ = Clock::now();
  Clock::time_point turn_began_ = began_;
  Clock::duration elsewhere_{0};
};

Status Scan::segment(const SearchSnapshot::SegmentPart& part) {
  const Segment& segment = *part.segment;
  const uint64_t slot_bytes = segment.slot_pages() * kPageBytes;
  const uint64_t window_slots = std::max<uint64_t>(1, kWindowBytes / slot_bytes);
  if (window_.size() == 0) {
    VAMANA_ASSIGN(window_, AlignedBuffer::create(window_slots * slot_bytes));
  }
  std::shared_ptr<const NodeFilter> filter;
  if (request_.filter != nullptr) {
    VAMANA_ASSIGN(filter, request_.filter->nodes_of(part.segment));
  }
  const uint32_t per_slot = segment.vectors_header().vectors.records_per_slot;
  uint32_t node = 0;
  for (uint64_t slot = 0; slot < segment.slots(); slot += window_slots) {
    if (cancelled()) return aborted_status("the search");
    look_up();
    const uint64_t slots = std::min(window_slots, segment.slots() - slot);
    if (filter != nullptr) {
      const auto end = static_cast<uint32_t>(std::min(segment.rows(), (slot + slots) * per_slot));
      if (filter->next(node) >= end) {
        node = end;
        continue;
      }
    }
    VAMANA_TRY(
        segment.vectors_file().read_at(segment.slot_page(slot) * kPageBytes, window_.data(), slots * slot_bytes));
    pages_ += slots * segment.slot_pages();
    for (uint64_t i = 0; i < slots; ++i) {
      const uint8_t* const data = window_.data() + i * slot_bytes;
      if (!segment.slot_valid(slot + i, data)) return segment.slot_error(slot + i);
      for (; node < segment.rows() && segment.slot_of(node) == slot + i; ++node) {
        if (part.dead_nodes.test(node) || (filter != nullptr && !filter->test(node))) continue;
        const uint8_t* const record = segment.record_in_slot(data, node);
        offer(record, segment.row_in_record(record));
      }
    }
  }
  return Status();
}

Status Scan::delta(const SearchSnapshot::DeltaPart& part) {
  const BitChunks& dead = request_.snapshot->dead_rows();
  for (uint32_t slot = 0; slot < part.visible; ++slot) {
    if (slot % kDeltaRows == 0) {
      if (cancelled()) return aborted_status("the search");
      look_up();
    }
    const uint32_t row = part.delta->row(slot);
    if (request_.filter != nullptr && !request_.filter->test(row)) continue;
    if (part.dead == 0 || !dead.test(row)) offer(part.delta->vector(slot), row);
  }
  return Status();
}

}  // namespace

Status scan_snapshot(SearchRequest& request, uint32_t first, uint32_t count, const std::function<void()>& others) {
  Scan scan(request, first, count, others);
  for (const auto& part : request.snapshot->segments()) VAMANA_TRY(scan.segment(part));
  for (const auto& part : request.snapshot->deltas()) VAMANA_TRY(scan.delta(part));
  const float each_us = std::chrono::duration<float, std::micro>(scan.took()).count() / static_cast<float>(count);
  const uint32_t k = request.params.k;
  for (uint32_t q = 0; q < count; ++q) {
    const uint64_t at = uint64_t{first + q} * k;
    scan.result().result(q, request.rows.data() + at, request.distances.data() + at);
    QueryCost& cost = request.costs[first + q];
    // The pages were read once for all; each query carries its share.
    cost.reads = static_cast<uint32_t>(std::min<uint64_t>(scan.pages() / count, 0xFFFFFFFFu));
    cost.reranked = static_cast<uint32_t>(std::min<uint64_t>(scan.records(), 0xFFFFFFFFu));
    cost.rank_us = each_us;
    cost.total_us = each_us;
  }
  return Status();
}

}  // namespace vamana
