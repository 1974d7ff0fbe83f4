#include "job/vector_file.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "base/coding.h"
#include "base/finite_scan.h"
#include "format/segment_format.h"

namespace vamana {

namespace {

// Rows are read and checked in windows of this size: small enough to be checked while they are in the
// processor's cache, large enough that the system calls cost nothing.
constexpr uint64_t kWindowBytes = 1 << 20;
constexpr uint64_t kPrefixBytes = 4;

uint64_t prefix_bytes(const VectorFileShape& shape) { return shape.row_prefix ? kPrefixBytes : 0; }
uint64_t file_element_bytes(const VectorFileShape& shape) { return shape.float64 ? 8 : element_bytes(shape.element); }
// What a row occupies in the file, from its first to its last byte.
uint64_t file_row_bytes(const VectorFileShape& shape) {
  return prefix_bytes(shape) + shape.dim * file_element_bytes(shape);
}
uint64_t row_offset(const VectorFileShape& shape, uint64_t row) { return shape.offset + row * shape.stride; }

// Rows lie in the file exactly as the caller wants them.
bool is_tight(const VectorFileShape& shape) {
  return !shape.row_prefix && !shape.float64 && shape.stride == file_row_bytes(shape);
}

Status check_shape(const VectorFileShape& shape) {
  const char* path = shape.path.c_str();
  if (shape.dim == 0 || shape.dim > kMaxDimension) {
    return Status(Code::kInvalidArgument, format("%s: dimension %u, expected 1 to %u", path, shape.dim, kMaxDimension));
  }
  if (shape.float64 && shape.element != Element::kF32) {
    return Status(Code::kInvalidArgument, format("%s: f64 values can only be converted to f32", path));
  }
  if (shape.stride < file_row_bytes(shape)) {
    return Status(Code::kInvalidArgument, format("%s: rows of %llu bytes lie %llu bytes apart, so they would overlap",
                                                 path, 1ull * file_row_bytes(shape), 1ull * shape.stride));
  }
  return Status();
}

// The byte after the last row; false when it does not fit 63 bits, the most a file can have.
bool end_of_rows(const VectorFileShape& shape, uint64_t* end) {
  *end = shape.offset;
  if (shape.rows == 0) return shape.offset <= INT64_MAX;
  uint64_t before_last;
  return !__builtin_mul_overflow(shape.rows - 1, shape.stride, &before_last) &&
         !__builtin_add_overflow(shape.offset, before_last, end) &&
         !__builtin_add_overflow(*end, file_row_bytes(shape), end) && *end <= INT64_MAX;
}

Status check_prefix(const VectorFileShape& shape, uint64_t row, const uint8_t* at) {
  const auto found = load_le<int32_t>(at);
  if (found == static_cast<int32_t>(shape.dim)) return Status();
  return Status(Code::kBadVectorFile,
                format("%s: row %llu at byte %llu has dimension %d, expected %u", shape.path.c_str(), 1ull * row,
                       1ull * row_offset(shape, row), found, shape.dim));
}

// Checks rows as they will be handed out: `rows` of them from number `first`, packed.
Status check_finite(const VectorFileShape& shape, uint64_t first, uint64_t rows, const uint8_t* values) {
  if (shape.element != Element::kF32 && shape.element != Element::kF16) return Status();
  const uint64_t count = rows * shape.dim;
  const uint64_t bad =
      shape.element == Element::kF32 ? first_not_finite_f32(values, count) : first_not_finite_f16(values, count);
  if (bad == count) return Status();
  const uint64_t row = first + bad / shape.dim;
  const uint64_t column = bad % shape.dim;
  const uint64_t offset = row_offset(shape, row) + prefix_bytes(shape) + column * file_element_bytes(shape);
  return Status(Code::kNotFinite,
                format("%s: row %llu, element %llu (byte %llu) is NaN or infinite%s; remove or repair the row",
                       shape.path.c_str(), 1ull * row, 1ull * column, 1ull * offset,
                       shape.float64 ? ", or beyond the range of f32" : ""));
}

void narrow_to_f32(const uint8_t* from, uint32_t dim, uint8_t* to) {
  for (uint32_t i = 0; i < dim; ++i) store_le(to + i * 4, static_cast<float>(load_le<double>(from + i * 8)));
}

Status read_window(const File& file, uint64_t offset, uint8_t* to, uint64_t bytes) {
  Status status = file.read_at(offset, to, bytes);
  // The file is the user's, not ours: one that ends early is a bad source, not a corrupt index.
  if (status.code() == Code::kCorrupt) {
    return Status(Code::kBadVectorFile, status.message() + ": it was cut short after it was opened");
  }
  return status;
}

Status read_tight(const VectorFileShape& shape, const File& file, uint64_t first, uint64_t count, uint8_t* to) {
  const uint64_t step = std::max<uint64_t>(1, kWindowBytes / shape.stride);
  for (uint64_t row = first; row < first + count; row += step) {
    const uint64_t rows = std::min(step, first + count - row);
    uint8_t* at = to + (row - first) * shape.stride;
    VAMANA_TRY(read_window(file, row_offset(shape, row), at, rows * shape.stride));
    VAMANA_TRY(check_finite(shape, row, rows, at));
  }
  return Status();
}

// Rows with a prefix, a gap or wider values: read as they lie, then moved to where the caller wants them.
Status read_spread(const VectorFileShape& shape, const File& file, uint64_t first, uint64_t count, uint8_t* to) {
  const uint64_t step = std::min(count, std::max<uint64_t>(1, kWindowBytes / shape.stride));
  const uint64_t window_bytes = (step - 1) * shape.stride + file_row_bytes(shape);
  const std::unique_ptr<uint8_t[]> window(new (std::nothrow) uint8_t[window_bytes]);
  if (window == nullptr) {
    return Status(Code::kMemoryLimit, format("no memory for a window of %llu bytes", 1ull * window_bytes));
  }
  const uint64_t row_bytes = shape.dim * element_bytes(shape.element);
  for (uint64_t row = first; row < first + count; row += step) {
    const uint64_t rows = std::min(step, first + count - row);
    const uint64_t bytes = (rows - 1) * shape.stride + file_row_bytes(shape);
    VAMANA_TRY(read_window(file, row_offset(shape, row), window.get(), bytes));
    uint8_t* packed = to + (row - first) * row_bytes;
    for (uint64_t i = 0; i < rows; ++i) {
      const uint8_t* from = window.get() + i * shape.stride;
      if (shape.row_prefix) VAMANA_TRY(check_prefix(shape, row + i, from));
      const uint8_t* values = from + prefix_bytes(shape);
      if (shape.float64) {
        narrow_to_f32(values, shape.dim, packed + i * row_bytes);
      } else {
        std::memcpy(packed + i * row_bytes, values, row_bytes);
      }
    }
    VAMANA_TRY(check_finite(shape, row, rows, packed));
  }
  return Status();
}

}  // namespace

Result<VectorFile> VectorFile::open(const VectorFileShape& shape) {
  VAMANA_TRY(check_shape(shape));
  VectorFile opened;
  opened.shape_ = shape;
  VAMANA_ASSIGN(opened.file_, File::open_read(shape.path));
  VAMANA_ASSIGN(const uint64_t size, opened.file_.size());
  uint64_t end;
  if (!end_of_rows(shape, &end) || end > size) {
    return Status(Code::kBadVectorFile,
                  format("%s: it has %llu bytes, too few for %llu rows, one every %llu bytes from byte %llu: it is "
                         "truncated or its header is wrong",
                         shape.path.c_str(), 1ull * size, 1ull * shape.rows, 1ull * shape.stride, 1ull * shape.offset));
  }
  return opened;
}

Status VectorFile::read_rows(uint64_t first, uint64_t count, uint8_t* to) const {
  if (first > shape_.rows || count > shape_.rows - first) {
    return Status(Code::kInvalidArgument, format("%s: rows %llu to %llu asked for, it has %llu", shape_.path.c_str(),
                                                 1ull * first, 1ull * first + count, 1ull * shape_.rows));
  }
  if (count == 0) return Status();
  return is_tight(shape_) ? read_tight(shape_, file_, first, count, to) : read_spread(shape_, file_, first, count, to);
}

}  // namespace vamana
