// Reads the rows of a vector file in bounded windows with pread. TypeScript (src/source) has read the
// file's header and says how the rows lie; here only bytes are read and checked.
//
// Thread safety: const after open; read_rows may be called from many threads.
#pragma once

#include <cstdint>
#include <string>

#include "base/element.h"
#include "base/status.h"
#include "io/file.h"
#include "job/row_source.h"

namespace vamana {

// How rows lie in the file. A row is at offset + i * stride: an optional i32 that repeats the dimension
// (fvecs, bvecs), then dim elements.
struct VectorFileShape {
  std::string path;
  uint64_t rows = 0;
  uint32_t dim = 0;
  Element element = Element::kF32;
  bool float64 = false;     // f64 in the file, converted to f32 (element is then kF32)
  bool row_prefix = false;  // each row begins with its i32 dimension
  uint64_t offset = 0;      // of the first row
  uint64_t stride = 0;      // bytes from one row to the next
};

class VectorFile final : public RowSource {
 public:
  // BAD_VECTOR_FILE when the file is shorter than the shape says; NOT_FOUND.
  static Result<VectorFile> open(const VectorFileShape& shape);

  // Reads rows [first, first + count) as count x dim elements of shape.element into `to`.
  // BAD_VECTOR_FILE when a row's dimension differs or the file was truncated; NOT_FINITE with row and
  // offset for NaN or infinity (f64 values beyond f32's range included).
  Status read_rows(uint64_t first, uint64_t count, uint8_t* to) const override;
  // A row's id is its place in the file.
  uint32_t row_id(uint64_t place) const override { return static_cast<uint32_t>(place); }

  uint64_t rows() const override { return shape_.rows; }
  uint32_t dim() const override { return shape_.dim; }
  Element element() const override { return shape_.element; }
  const VectorFileShape& shape() const { return shape_; }

 private:
  VectorFileShape shape_;
  File file_;
};

}  // namespace vamana
