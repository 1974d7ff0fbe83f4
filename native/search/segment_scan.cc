#include "search/segment_scan.h"

#include <algorithm>
#include <chrono>

#include "base/aligned_buffer.h"
#include "io/file.h"
#include "search/exact_scan.h"

namespace vamana {

namespace {
constexpr uint64_t kWindowBytes = 1 << 20;
}

Status scan_segment(const Segment& segment, SearchRequest& request, uint32_t first, uint32_t count) {
  const auto started = std::chrono::steady_clock::now();
  const uint32_t dim = segment.dim(), k = request.params.k;
  const uint64_t query_bytes = uint64_t{dim} * element_bytes(segment.element());
  const uint64_t slot_bytes = segment.slot_pages() * kPageBytes;
  const uint64_t window_slots = std::max<uint64_t>(1, kWindowBytes / slot_bytes);
  const uint8_t* const queries = request.queries.data() + first * query_bytes;
  const DistanceFn distance = distance_kernel(segment.metric(), segment.element());
  ExactScan scan(segment.metric(), segment.element(), dim, queries, count, k);

  VAMANA_ASSIGN(const File file, File::open_read(segment.vectors_path()));
  VAMANA_ASSIGN(AlignedBuffer window, AlignedBuffer::create(window_slots * slot_bytes));
  uint32_t node = 0;
  for (uint64_t slot = 0; slot < segment.slots(); slot += window_slots) {
    if (request.cancel != nullptr && request.cancel->cancelled()) return aborted_status("the search");
    const uint64_t slots = std::min(window_slots, segment.slots() - slot);
    VAMANA_TRY(file.read_at(segment.slot_page(slot) * kPageBytes, window.data(), slots * slot_bytes));
    for (uint64_t i = 0; i < slots; ++i) {
      const uint8_t* const data = window.data() + i * slot_bytes;
      if (!segment.slot_valid(slot + i, data)) return segment.slot_error(slot + i);
      for (; node < segment.rows() && segment.slot_of(node) == slot + i; ++node) {
        const uint8_t* const record = segment.record_in_slot(data, node);
        const uint32_t row = segment.row_in_record(record);
        for (uint32_t q = 0; q < count; ++q) scan.offer(q, distance(queries + q * query_bytes, record, dim), row);
      }
    }
  }
  const float each_us = std::chrono::duration<float, std::micro>(std::chrono::steady_clock::now() - started).count() /
                        static_cast<float>(count);
  for (uint32_t q = 0; q < count; ++q) {
    scan.result(q, request.rows.data() + uint64_t{first + q} * k, request.distances.data() + uint64_t{first + q} * k);
    QueryCost& cost = request.costs[first + q];
    // The pages were read once for all; each query carries its share.
    cost.reads = static_cast<uint32_t>(std::min<uint64_t>(segment.slots() * segment.slot_pages() / count, 0xFFFFFFFFu));
    cost.reranked = static_cast<uint32_t>(segment.rows());
    cost.rank_us = each_us;
    cost.total_us = each_us;
  }
  return Status();
}

}  // namespace vamana
