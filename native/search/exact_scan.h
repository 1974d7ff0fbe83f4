// Exact nearest neighbours by scanning: the truth that everything else is measured against.
//
// Thread safety: add() from one thread at a time (it spreads its work over the pool).
#pragma once

#include <cstdint>
#include <vector>

#include "base/element.h"
#include "base/status.h"
#include "base/thread_pool.h"

namespace vamana {

class ExactScan {
 public:
  // Copies `queries` (count x dim elements). REQUIRES k >= 1.
  ExactScan(Metric metric, Element element, uint32_t dim, const uint8_t* queries, uint32_t count, uint32_t k);

  // Offers `rows` vectors, `stride` bytes apart, with ids first_row, first_row + 1, ...
  void add(const uint8_t* vectors, size_t stride, uint32_t rows, uint64_t first_row, ThreadPool& pool);
  // Offers one row to one query, its distance already known. Different queries may be offered to at once.
  void offer(uint32_t query, float distance, uint32_t row);

  // Row ids and distances of query q so far, nearest first, ties by lower row; kNoRow and infinity pad.
  void result(uint32_t query, uint32_t* rows, float* distances) const;

  uint32_t count() const { return count_; }
  uint32_t k() const { return k_; }

 private:
  struct Entry {
    float distance;
    uint32_t row;
    bool operator<(const Entry& other) const {
      return distance < other.distance || (distance == other.distance && row < other.row);
    }
  };

  Metric metric_;
  Element element_;
  uint32_t dim_, count_, k_;
  std::vector<uint8_t> queries_;
  std::vector<Entry> heaps_;  // count x k, each a max-heap of its first sizes_[q] entries
  std::vector<uint32_t> sizes_;
};

}  // namespace vamana
