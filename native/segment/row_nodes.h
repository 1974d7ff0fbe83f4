// rows.seg in RAM: from a row id to its node without a read, for those who ask for many. 4 bytes a row where the rows
// are contiguous, else 8. Made by Segment::row_nodes() when it is first asked for.
//
// Thread safety: immutable; each cursor is one thread's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "segment/row_map.h"

namespace vamana {

class RowNodes {
 public:
  // CORRUPT and IO as RowMap::for_each.
  static Result<RowNodes> read(const RowMap& map);

  uint32_t first() const { return first_; }
  uint32_t last() const { return last_; }
  uint64_t bytes() const { return (rows_.capacity() + nodes_.capacity()) * sizeof(uint32_t); }

  // Looks rows up that ascend from one call to the next.
  class Cursor {
   public:
    explicit Cursor(const RowNodes& table) : table_(table) {}

    // False when the segment has no such row. REQUIRES a row from first() to last(), above those before.
    bool find(uint32_t row, uint32_t* node) {
      const std::vector<uint32_t>& rows = table_.rows_;
      if (rows.empty()) {
        *node = table_.nodes_[row - table_.first_];
        return true;
      }
      // In steps that double: neighbours are found at once, and gaps are jumped over.
      size_t step = 1;
      while (at_ + step < rows.size() && rows[at_ + step] < row) {
        at_ += step;
        step *= 2;
      }
      const size_t end = std::min(rows.size(), at_ + step + 1);
      at_ = static_cast<size_t>(std::lower_bound(rows.begin() + static_cast<ptrdiff_t>(at_),
                                                 rows.begin() + static_cast<ptrdiff_t>(end), row) -
                                rows.begin());
      if (at_ == rows.size() || rows[at_] != row) return false;
      *node = table_.nodes_[at_];
      return true;
    }

   private:
    const RowNodes& table_;
    size_t at_ = 0;
  };

 private:
  uint32_t first_ = 0, last_ = 0;
  std::vector<uint32_t> rows_;  // ascending; empty when they are contiguous
  std::vector<uint32_t> nodes_;
};

}  // namespace vamana
