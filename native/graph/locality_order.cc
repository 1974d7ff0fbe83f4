#include "graph/locality_order.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <span>

#include "base/prng.h"
#include "kernels/kernels.h"

namespace vamana {

namespace {

constexpr size_t kLeafRows = 16;
constexpr size_t kSampleRows = 256;
constexpr int kRounds = 4;
constexpr size_t kRowGrain = 4096;
// Means held at a time: a level has as many ranges as leaves in the end, and with wide vectors all their
// means together would outweigh the vectors themselves.
constexpr size_t kMeansBytes = 4 << 20;
constexpr size_t kBlockRangesMin = 16;

size_t block_ranges(uint64_t dim) { return std::max<size_t>(kBlockRangesMin, kMeansBytes / (3 * dim * sizeof(float))); }

struct Range {
  size_t begin = 0, end = 0;
};

class Bisection {
 public:
  Bisection(const uint8_t* vectors, uint64_t rows, uint32_t dim, Element element, uint64_t seed, ThreadPool& pool)
      : vectors_(vectors),
        dim_(dim),
        row_bytes_(uint64_t{dim} * element_bytes(element)),
        seed_(seed),
        pool_(pool),
        widen_(widen_kernel(element)),
        l2_(distance_kernel(Metric::kL2, Element::kF32)),
        dot_(distance_kernel(Metric::kDot, Element::kF32)),
        order_(rows),
        score_(rows) {
    std::iota(order_.begin(), order_.end(), 0u);
  }

  Result<std::vector<uint32_t>> run(const CancelFlag& cancel) {
    std::vector<Range> ranges{{0, order_.size()}};
    while (!ranges.empty() && ranges.front().end - ranges.front().begin > kLeafRows) {
      if (cancel.cancelled()) return aborted_status("ordering");
      ranges = split_level(ranges);
    }
    return std::move(order_);
  }

 private:
  // The ranges of a level differ by one row at most, so the first decides when the last level is reached.
  std::vector<Range> split_level(const std::vector<Range>& ranges) {
    std::vector<Range> next;
    next.reserve(ranges.size() * 2);
    for (const Range& range : ranges) {
      const size_t middle = range.begin + (range.end - range.begin + 1) / 2;
      next.push_back({range.begin, middle});
      next.push_back({middle, range.end});
    }
    last_mean_.clear();
    const size_t block = block_ranges(dim_);
    for (size_t first = 0; first < ranges.size(); first += block) {
      const size_t count = std::min(block, ranges.size() - first);
      split_block(std::span(ranges).subspan(first, count), first, std::span(next).subspan(2 * first, 2 * count));
    }
    return next;
  }

  // Some ranges of a level, the first of them number `first`, into their halves.
  void split_block(std::span<const Range> ranges, size_t first, std::span<const Range> halves) {
    const size_t dim = dim_;
    means_.resize(ranges.size() * 2 * dim);
    pool_.parallel_for(ranges.size(), 1, [&](size_t begin, size_t end, size_t) {
      for (size_t r = begin; r < end; ++r) find_means(ranges[r], first + r, means_.data() + r * 2 * dim);
    });
    orient(ranges.size());
    score_rows(ranges);
    pool_.parallel_for(ranges.size(), 1, [&](size_t begin, size_t end, size_t) {
      for (size_t r = begin; r < end; ++r) {
        const auto rows = order_.begin();
        std::nth_element(
            rows + static_cast<ptrdiff_t>(ranges[r].begin), rows + static_cast<ptrdiff_t>(halves[2 * r].end),
            rows + static_cast<ptrdiff_t>(ranges[r].end),
            [&](uint32_t a, uint32_t b) { return score_[a] < score_[b] || (score_[a] == score_[b] && a < b); });
      }
    });
  }

  const uint8_t* row(uint32_t id) const { return vectors_ + uint64_t{id} * row_bytes_; }

  // Two means of a sample of the range, by Lloyd's algorithm; a seed of its own for every range.
  void find_means(const Range& range, size_t number, float* means) const {
    const size_t dim = dim_, size = range.end - range.begin, count = std::min(size, kSampleRows);
    Prng prng(seed_ ^ (range.begin * 0x9E3779B97F4A7C15ull) ^ (size << 1) ^ number);
    std::vector<float> sample(count * dim);
    for (size_t i = 0; i < count; ++i) {
      const size_t at = count == size ? i : prng.below(size);
      widen_(row(order_[range.begin + at]), dim, sample.data() + i * dim);
    }
    std::copy_n(sample.data() + prng.below(count) * dim, dim, means);
    std::copy_n(sample.data() + prng.below(count) * dim, dim, means + dim);
    std::vector<float> sums(2 * dim);
    for (int round = 0; round < kRounds; ++round) {
      std::fill(sums.begin(), sums.end(), 0.0f);
      size_t sizes[2] = {0, 0};
      for (size_t i = 0; i < count; ++i) {
        const float* at = sample.data() + i * dim;
        const size_t side = l2_(at, means + dim, dim) < l2_(at, means, dim) ? 1 : 0;
        ++sizes[side];
        for (size_t d = 0; d < dim; ++d) sums[side * dim + d] += at[d];
      }
      for (size_t side = 0; side < 2; ++side) {
        // All on one side (both seeds equal, or duplicates): any other row will do for the empty one.
        if (sizes[side] == 0) std::copy_n(sample.data() + prng.below(count) * dim, dim, means + side * dim);
        for (size_t d = 0; sizes[side] != 0 && d < dim; ++d) {
          means[side * dim + d] = sums[side * dim + d] / static_cast<float>(sizes[side]);
        }
      }
    }
  }

  // Swaps the two means of a range where that brings its first half nearer to the range before it.
  void orient(size_t ranges) {
    const size_t dim = dim_;
    for (size_t r = 0; r < ranges; ++r) {
      float* const first = means_.data() + 2 * r * dim;
      if (!last_mean_.empty() && l2_(last_mean_.data(), first + dim, dim) < l2_(last_mean_.data(), first, dim))
        std::swap_ranges(first, first + dim, first + dim);
      last_mean_.assign(first + dim, first + 2 * dim);
    }
  }

  // score_[row]: its place along the line from the first mean of its range to the second.
  void score_rows(std::span<const Range> ranges) {
    const size_t dim = dim_;
    std::vector<float> directions(ranges.size() * dim);
    for (size_t r = 0; r < ranges.size(); ++r) {
      for (size_t d = 0; d < dim; ++d)
        directions[r * dim + d] = means_[(2 * r + 1) * dim + d] - means_[2 * r * dim + d];
    }
    const size_t offset = ranges.front().begin;
    pool_.parallel_for(ranges.back().end - offset, kRowGrain, [&](size_t from, size_t to, size_t) {
      std::vector<float> wide(dim);
      const size_t begin = offset + from, end = offset + to;
      auto range = static_cast<size_t>(
          std::upper_bound(ranges.begin(), ranges.end(), begin, [](size_t at, const Range& r) { return at < r.end; }) -
          ranges.begin());
      for (size_t i = begin; i < end; ++i) {
        while (i >= ranges[range].end) ++range;
        widen_(row(order_[i]), dim, wide.data());
        const float score = -dot_(wide.data(), directions.data() + range * dim, dim);
        // Means of numbers near the float's limit can be infinite, and a NaN has no place in an order.
        score_[order_[i]] = std::isnan(score) ? 0.0f : score;
      }
    });
  }

  const uint8_t* const vectors_;
  const uint32_t dim_;
  const uint64_t row_bytes_;
  const uint64_t seed_;
  ThreadPool& pool_;
  const WidenFn widen_;
  const DistanceFn l2_;
  const DistanceFn dot_;
  std::vector<uint32_t> order_;
  std::vector<float> score_;
  std::vector<float> means_;      // of the block in hand: two a range
  std::vector<float> last_mean_;  // of the range before, its second; empty before the first
};

}  // namespace

Result<std::vector<uint32_t>> locality_order(const uint8_t* vectors, uint64_t rows, uint32_t dim, Element element,
                                             uint64_t seed, ThreadPool& pool, const CancelFlag& cancel) {
  return Bisection(vectors, rows, dim, element, seed, pool).run(cancel);
}

uint64_t locality_order_bytes(uint64_t rows, uint32_t dim, uint32_t threads) {
  const uint64_t per_row = sizeof(uint32_t) + sizeof(float);
  // The leaves' ranges stand beside those of the level above, each of half the leaf's rows at least.
  const uint64_t ranges = 3 * (rows / (kLeafRows / 2) + 1) * sizeof(Range);
  const uint64_t per_thread = (kSampleRows + 4) * uint64_t{dim} * sizeof(float);
  return rows * per_row + ranges + block_ranges(dim) * 3 * dim * sizeof(float) + threads * per_thread;
}

void permute_records(uint8_t* records, uint64_t record_bytes, const std::vector<uint32_t>& order) {
  std::vector<bool> placed(order.size(), false);
  std::vector<uint8_t> held(record_bytes);
  for (size_t start = 0; start < order.size(); ++start) {
    if (placed[start]) continue;
    // One cycle of the permutation: each place takes its record, the first one waits in `held`.
    std::memcpy(held.data(), records + start * record_bytes, record_bytes);
    size_t at = start;
    while (order[at] != start) {
      std::memcpy(records + at * record_bytes, records + uint64_t{order[at]} * record_bytes, record_bytes);
      placed[at] = true;
      at = order[at];
    }
    std::memcpy(records + at * record_bytes, held.data(), record_bytes);
    placed[at] = true;
  }
}

}  // namespace vamana
