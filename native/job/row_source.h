// Where the vectors of a build come from: a vector file, or the live rows of a collection's parts
// (job/live_rows.h). A place is a number of the source's own, 0 to rows() - 1; the row id is what the
// segment will call the vector at it.
//
// Thread safety: const; any thread.
#pragma once

#include <cstdint>

#include "base/element.h"
#include "base/status.h"

namespace vamana {

class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual uint64_t rows() const = 0;
  virtual uint32_t dim() const = 0;
  virtual Element element() const = 0;
  // Copies the vectors at places [first, first + count), tightly packed, to `to`; all their values are finite.
  // Holds at most a window of some megabytes, whatever the count.
  virtual Status read_rows(uint64_t first, uint64_t count, uint8_t* to) const = 0;
  virtual uint32_t row_id(uint64_t place) const = 0;

  uint64_t row_bytes() const { return uint64_t{dim()} * element_bytes(element()); }
};

}  // namespace vamana
