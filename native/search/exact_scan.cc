#include "search/exact_scan.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "kernels/kernels.h"
#include "search/search_params.h"

namespace vamana {

namespace {
// A tile of rows is scored against every query of a chunk while it is in the first-level cache.
constexpr size_t kTileBytes = 16384;
constexpr size_t kQueryGrain = 16;
}  // namespace

ExactScan::ExactScan(Metric metric, Element element, uint32_t dim, const uint8_t* queries, uint32_t count, uint32_t k)
    : metric_(metric),
      element_(element),
      dim_(dim),
      count_(count),
      k_(k),
      queries_(queries, queries + uint64_t{count} * dim * element_bytes(element)),
      heaps_(uint64_t{count} * k),
      sizes_(count, 0) {
  VAMANA_CHECK(k >= 1);
}

void ExactScan::add(const uint8_t* vectors, size_t stride, uint32_t rows, uint64_t first_row, ThreadPool& pool) {
  const DistanceFn distance = distance_kernel(metric_, element_);
  const size_t query_bytes = uint64_t{dim_} * element_bytes(element_);
  const size_t tile = std::max<size_t>(1, kTileBytes / stride);
  pool.parallel_for(count_, kQueryGrain, [&](size_t begin, size_t end, size_t) {
    for (size_t first = 0; first < rows; first += tile) {
      const size_t last = std::min<size_t>(rows, first + tile);
      for (size_t q = begin; q < end; ++q) {
        for (size_t i = first; i < last; ++i) {
          const float d = distance(queries_.data() + q * query_bytes, vectors + i * stride, dim_);
          offer(static_cast<uint32_t>(q), d, static_cast<uint32_t>(first_row + i));
        }
      }
    }
  });
}

void ExactScan::offer(uint32_t query, float distance, uint32_t row) {
  Entry* const heap = heaps_.data() + uint64_t{query} * k_;
  uint32_t& size = sizes_[query];
  const Entry entry{distance, row};
  if (size < k_) {
    heap[size++] = entry;
    std::push_heap(heap, heap + size);
  } else if (entry < heap[0]) {
    std::pop_heap(heap, heap + size);
    heap[size - 1] = entry;
    std::push_heap(heap, heap + size);
  }
}

void ExactScan::result(uint32_t query, uint32_t* rows, float* distances) const {
  std::vector<Entry> sorted(heaps_.begin() + static_cast<ptrdiff_t>(uint64_t{query} * k_),
                            heaps_.begin() + static_cast<ptrdiff_t>(uint64_t{query} * k_ + sizes_[query]));
  std::sort(sorted.begin(), sorted.end());
  for (uint32_t i = 0; i < k_; ++i) {
    rows[i] = i < sorted.size() ? sorted[i].row : kNoRow;
    distances[i] = i < sorted.size() ? sorted[i].distance : std::numeric_limits<float>::infinity();
  }
}

}  // namespace vamana
