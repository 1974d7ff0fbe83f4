#include "search/row_distances.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <mutex>
#include <numeric>

#include "base/aligned_buffer.h"
#include "io/file.h"
#include "kernels/kernels.h"

namespace vamana {
namespace {

// Bytes that a worker reads at once.
constexpr uint64_t kWindowBytes = uint64_t{1} << 20;

// From a row id to the queries that ask for it: queries sorted by their row, and an open-addressed table
// from a row to the first of its run. The table is at most half full, so a miss, which nearly every record
// is, ends after a probe or two.
class Wanted {
 public:
  explicit Wanted(std::span<const uint32_t> rows) : rows_(rows), queries_(rows.size()) {
    std::iota(queries_.begin(), queries_.end(), size_t{0});
    std::sort(queries_.begin(), queries_.end(), [&](size_t a, size_t b) { return rows[a] < rows[b]; });
    table_.assign(std::bit_ceil(rows.size() * 2 + 2), kEmpty);
    for (size_t i = 0; i < queries_.size(); ++i) {
      if (i > 0 && row_of(i) == row_of(i - 1)) continue;
      size_t place = slot_of(row_of(i));
      while (table_[place] != kEmpty) place = (place + 1) & (table_.size() - 1);
      table_[place] = i;
    }
  }

  // The queries that ask for `row`; empty for most.
  std::span<const size_t> queries_for(uint32_t row) const {
    for (size_t place = slot_of(row); table_[place] != kEmpty; place = (place + 1) & (table_.size() - 1)) {
      const size_t first = table_[place];
      if (row_of(first) != row) continue;
      size_t end = first + 1;
      while (end < queries_.size() && row_of(end) == row) ++end;
      return std::span(queries_).subspan(first, end - first);
    }
    return {};
  }

 private:
  static constexpr size_t kEmpty = std::numeric_limits<size_t>::max();

  uint32_t row_of(size_t sorted) const { return rows_[queries_[sorted]]; }
  size_t slot_of(uint32_t row) const {
    return (uint64_t{row} * 0x9E3779B97F4A7C15ull >> 32) & (table_.size() - 1);  // Fibonacci hashing
  }

  const std::span<const uint32_t> rows_;
  std::vector<size_t> queries_;
  std::vector<size_t> table_;
};

// The scan's shared state; workers write to the distances of their own records' queries only.
struct Scan {
  const Segment& segment;
  const uint8_t* queries;
  const Wanted& wanted;
  const File& file;
  std::vector<float>& distances;
  DistanceFn distance;
  size_t query_bytes;

  Status window(uint64_t first_slot, uint64_t end_slot, uint8_t* buffer) const;
  void slot(uint64_t slot, const uint8_t* data) const;
};

Status Scan::window(uint64_t first_slot, uint64_t end_slot, uint8_t* buffer) const {
  const uint64_t slot_bytes = segment.slot_pages() * kPageBytes;
  const uint64_t offset = segment.slot_page(first_slot) * kPageBytes;
  const uint64_t bytes = (end_slot - first_slot) * slot_bytes;
  VAMANA_TRY(file.read_at(offset, buffer, bytes));
  file.drop_cache(offset, bytes);
  for (uint64_t at = first_slot; at < end_slot; ++at) {
    const uint8_t* data = buffer + (at - first_slot) * slot_bytes;
    if (!segment.slot_valid(at, data)) return segment.slot_error(at);
    slot(at, data);
  }
  return Status();
}

void Scan::slot(uint64_t slot, const uint8_t* data) const {
  const uint64_t per_slot = segment.vectors_header().vectors.records_per_slot;
  const uint64_t end = std::min(segment.rows(), (slot + 1) * per_slot);
  for (uint64_t node = slot * per_slot; node < end; ++node) {
    const uint8_t* record = segment.record_in_slot(data, static_cast<uint32_t>(node));
    for (const size_t query : wanted.queries_for(segment.row_in_record(record))) {
      distances[query] = distance(queries + query * query_bytes, record, segment.dim());
    }
  }
}

}  // namespace

Result<std::vector<float>> row_distances(const Segment& segment, const uint8_t* queries, std::span<const uint32_t> rows,
                                         ThreadPool& pool, const CancelFlag& cancel) {
  std::vector<float> distances(rows.size(), std::numeric_limits<float>::quiet_NaN());
  if (rows.empty()) return distances;
  const Wanted wanted(rows);
  const uint64_t slot_bytes = segment.slot_pages() * kPageBytes;
  const uint64_t slots_a_window = std::max<uint64_t>(kWindowBytes / slot_bytes, 1);
  VAMANA_ASSIGN(AlignedBuffer buffers, AlignedBuffer::create(pool.threads() * slots_a_window * slot_bytes));
  const Scan scan{segment,
                  queries,
                  wanted,
                  segment.vectors_file(),
                  distances,
                  distance_kernel(segment.metric(), segment.element()),
                  segment.dim() * element_bytes(segment.element())};

  std::mutex mutex;
  Status failure;  // guarded by mutex
  std::atomic<bool> failed{false};
  const uint64_t windows = (segment.slots() + slots_a_window - 1) / slots_a_window;
  pool.parallel_for(windows, 1, [&](size_t begin, size_t end, size_t worker) {
    for (size_t window = begin; window < end; ++window) {
      if (failed.load(std::memory_order_relaxed) || cancel.cancelled()) return;
      const uint64_t first = window * slots_a_window;
      Status status = scan.window(first, std::min(segment.slots(), first + slots_a_window),
                                  buffers.data() + worker * slots_a_window * slot_bytes);
      if (status.ok()) continue;
      std::lock_guard lock(mutex);
      if (!failed.exchange(true)) failure = std::move(status);
    }
  });
  if (cancel.cancelled()) return aborted_status("the scan for row distances");
  if (!failure.ok()) return failure;
  return distances;
}

}  // namespace vamana
