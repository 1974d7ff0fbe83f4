#include "job/vector_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "base/coding.h"
#include "base/prng.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::TempDir;

// How a test file is laid out, and what a reader of it must get.
struct Layout {
  const char* name;
  Element element;
  bool float64;
  bool row_prefix;
  uint64_t offset;
  uint64_t gap;  // between rows
};

void PrintTo(const Layout& layout, std::ostream* out) { *out << layout.name; }

constexpr Layout kLayouts[] = {
    {"fbin", Element::kF32, false, false, 8, 0},    {"u8bin", Element::kU8, false, false, 8, 0},
    {"i8bin", Element::kI8, false, false, 8, 0},    {"npy_f16", Element::kF16, false, false, 128, 0},
    {"npy_f64", Element::kF32, true, false, 80, 0}, {"fvecs", Element::kF32, false, true, 0, 0},
    {"bvecs", Element::kU8, false, true, 0, 0},     {"gap", Element::kF32, false, false, 3, 13},
    {"all", Element::kF32, true, true, 5, 7},
};

// A file in memory: filled, changed by the test, then written.
class Source {
 public:
  Source(const Layout& layout, uint64_t rows, uint32_t dim, uint64_t seed) : prng_(seed) {
    shape.rows = rows;
    shape.dim = dim;
    shape.element = layout.element;
    shape.float64 = layout.float64;
    shape.row_prefix = layout.row_prefix;
    shape.offset = layout.offset;
    shape.stride = prefix() + dim * file_element() + layout.gap;
    bytes.resize(shape.offset + rows * shape.stride);
    for (auto& byte : bytes) byte = static_cast<uint8_t>(prng_.next());
    expected.resize(rows * dim * element_bytes(shape.element));
    for (uint64_t row = 0; row < rows; ++row) {
      if (shape.row_prefix) store_le(bytes.data() + at(row), static_cast<int32_t>(dim));
      for (uint32_t i = 0; i < dim; ++i) set(row, i, prng_.gaussian());
    }
    // The last row's gap is not part of the rows: a file may end before it.
    bytes.resize(bytes.size() - layout.gap);
  }

  uint64_t prefix() const { return shape.row_prefix ? 4 : 0; }
  uint64_t file_element() const { return shape.float64 ? 8 : element_bytes(shape.element); }
  uint64_t at(uint64_t row) const { return shape.offset + row * shape.stride; }
  uint64_t at(uint64_t row, uint32_t i) const { return at(row) + prefix() + i * file_element(); }

  void set(uint64_t row, uint32_t i, double value) {
    uint8_t* in_file = bytes.data() + at(row, i);
    uint8_t* wanted = expected.data() + (row * shape.dim + i) * element_bytes(shape.element);
    switch (shape.element) {
      case Element::kF32:
        if (shape.float64) {
          store_le(in_file, value);
        } else {
          store_le(in_file, static_cast<float>(value));
        }
        store_le(wanted, static_cast<float>(value));
        break;
      case Element::kF16: {
        const bool finite = std::isfinite(value);
        const auto bits = static_cast<uint16_t>(finite ? prng_.below(0x7C00) : std::isnan(value) ? 0x7E01 : 0xFC00);
        store_le(in_file, bits);
        store_le(wanted, bits);
        break;
      }
      default:
        *in_file = *wanted = static_cast<uint8_t>(prng_.next());
    }
  }

  void write(const TempDir& dir) {
    shape.path = dir.file("vectors");
    testing::write_file(shape.path, bytes);
  }

  VectorFileShape shape;
  std::vector<uint8_t> bytes;
  std::vector<uint8_t> expected;

 private:
  Prng prng_;
};

class VectorFileLayouts : public ::testing::TestWithParam<Layout> {};

TEST_P(VectorFileLayouts, EveryRangeOfRowsIsReadRight) {
  // The second is several windows of 1 MiB, the third one row a window.
  struct Size {
    uint64_t rows;
    uint32_t dim;
  };
  for (const auto& size : {Size{50, 7}, Size{4000, 200}, Size{3, 65536}}) {
    const TempDir dir;
    const uint64_t seed = size.dim;
    Source source(GetParam(), size.rows, size.dim, seed);
    source.write(dir);
    const auto file = VectorFile::open(source.shape);
    ASSERT_TRUE(file.ok()) << file.status().message();
    const uint64_t row_bytes = file->row_bytes();
    ASSERT_EQ(source.expected.size(), size.rows * row_bytes);
    Prng prng(seed);
    for (int round = 0; round < 12; ++round) {
      uint64_t first = 0, count = size.rows;
      if (round > 0) {
        first = prng.below(size.rows);
        count = prng.below(size.rows - first + 1);
      }
      // One byte more, to see that nothing is written behind.
      std::vector<uint8_t> got(count * row_bytes + 1, 0xAB);
      const Status status = file->read_rows(first, count, got.data());
      ASSERT_TRUE(status.ok()) << status.message();
      ASSERT_EQ(std::memcmp(got.data(), source.expected.data() + first * row_bytes, count * row_bytes), 0)
          << first << " + " << count << ", seed " << seed;
      ASSERT_EQ(got.back(), 0xAB);
    }
  }
}

TEST_P(VectorFileLayouts, OpeningRefusesAFileThatIsTooShort) {
  const TempDir dir;
  Source source(GetParam(), 20, 9, 1);
  source.bytes.pop_back();
  source.write(dir);
  const auto file = VectorFile::open(source.shape);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.status().code(), Code::kBadVectorFile);
  EXPECT_NE(file.status().message().find(source.shape.path), std::string::npos);
  EXPECT_NE(file.status().message().find(std::to_string(source.bytes.size()) + " bytes"), std::string::npos)
      << file.status().message();
}

TEST_P(VectorFileLayouts, AFileCutShortAfterOpeningIsFound) {
  const TempDir dir;
  Source source(GetParam(), 20, 9, 1);
  source.write(dir);
  const auto file = VectorFile::open(source.shape);
  ASSERT_TRUE(file.ok());
  ASSERT_EQ(::truncate(source.shape.path.c_str(), static_cast<off_t>(source.at(15) + 3)), 0);
  std::vector<uint8_t> rows(20 * file->row_bytes());
  EXPECT_TRUE(file->read_rows(0, 15, rows.data()).ok());
  const Status status = file->read_rows(10, 10, rows.data());
  EXPECT_EQ(status.code(), Code::kBadVectorFile) << status.message();
}

TEST_P(VectorFileLayouts, WhatIsNotFiniteIsFoundWithRowAndByte) {
  if (GetParam().element == Element::kU8 || GetParam().element == Element::kI8) GTEST_SKIP() << "integers are finite";
  const TempDir dir;
  constexpr uint64_t kRows = 3000;
  constexpr uint32_t kDim = 150;
  using Limits = std::numeric_limits<double>;
  Source source(GetParam(), kRows, kDim, 2);
  const auto clean = source.bytes;
  std::vector<uint8_t> rows(kRows * kDim * element_bytes(source.shape.element));
  for (const double value : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()}) {
    for (const uint64_t row : {uint64_t{0}, uint64_t{1777}, kRows - 1}) {
      const uint32_t column = row == 0 ? 0 : kDim - 1;
      source.bytes = clean;
      source.set(row, column, value);
      source.write(dir);
      const auto file = VectorFile::open(source.shape);
      const Status status = file->read_rows(0, kRows, rows.data());
      ASSERT_EQ(status.code(), Code::kNotFinite) << value;
      const std::string where =
          format("row %llu, element %u (byte %llu)", 1ull * row, column, 1ull * source.at(row, column));
      ASSERT_NE(status.message().find(where), std::string::npos) << status.message() << ", expected " << where;
      // Rows beside it can be read.
      EXPECT_TRUE(file->read_rows(row == 0 ? 1 : 0, 100, rows.data()).ok());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, VectorFileLayouts, ::testing::ValuesIn(kLayouts),
                         [](const auto& info) { return std::string(info.param.name); });

const Layout kFvecs = {"fvecs", Element::kF32, false, true, 0, 0};
const Layout kF64 = {"npy_f64", Element::kF32, true, false, 0, 0};
const Layout kFbin = {"fbin", Element::kF32, false, false, 8, 0};

TEST(VectorFile, ARowOfAnotherDimensionIsFoundWithRowAndByte) {
  const TempDir dir;
  Source source(kFvecs, 3000, 100, 3);
  store_le(source.bytes.data() + source.at(2718), int32_t{96});
  source.write(dir);
  const auto file = VectorFile::open(source.shape);
  std::vector<uint8_t> rows(3000 * file->row_bytes());
  const Status status = file->read_rows(0, 3000, rows.data());
  EXPECT_EQ(status.code(), Code::kBadVectorFile);
  const std::string where = format("row 2718 at byte %llu has dimension 96, expected 100", 1ull * source.at(2718));
  EXPECT_NE(status.message().find(where), std::string::npos) << status.message();
}

TEST(VectorFile, F64BeyondTheRangeOfF32IsNotFinite) {
  const TempDir dir;
  const double largest = std::numeric_limits<float>::max();
  for (const double value : {1e39, -1e300, largest * 1.0000001}) {
    Source source(kF64, 10, 4, 3);
    source.set(6, 2, value);
    source.write(dir);
    const auto file = VectorFile::open(source.shape);
    std::vector<uint8_t> rows(10 * file->row_bytes());
    const Status status = file->read_rows(0, 10, rows.data());
    EXPECT_EQ(status.code(), Code::kNotFinite) << value;
    EXPECT_NE(status.message().find("range of f32"), std::string::npos) << status.message();
  }
  Source source(kF64, 10, 4, 3);
  source.set(6, 2, largest);
  source.set(6, 3, 1e-300);
  source.write(dir);
  const auto file = VectorFile::open(source.shape);
  std::vector<uint8_t> rows(10 * file->row_bytes());
  EXPECT_TRUE(file->read_rows(0, 10, rows.data()).ok());
}

TEST(VectorFile, ShapesThatCanNotBeAreRefused) {
  const TempDir dir;
  Source source(kFbin, 10, 4, 3);
  source.write(dir);
  const auto code_of = [](const VectorFileShape& shape) {
    const auto file = VectorFile::open(shape);
    return file.ok() ? Code::kOk : file.status().code();
  };
  VectorFileShape shape = source.shape;
  EXPECT_EQ(code_of(shape), Code::kOk);
  shape.path = dir.file("absent");
  EXPECT_EQ(code_of(shape), Code::kNotFound);
  shape = source.shape;
  shape.dim = 0;
  EXPECT_EQ(code_of(shape), Code::kInvalidArgument);
  shape.dim = 1u << 20;
  EXPECT_EQ(code_of(shape), Code::kInvalidArgument);
  shape = source.shape;
  shape.stride = 15;
  EXPECT_EQ(code_of(shape), Code::kInvalidArgument);
  shape = source.shape;
  shape.element = Element::kU8;
  shape.float64 = true;
  EXPECT_EQ(code_of(shape), Code::kInvalidArgument);
  // Sizes that overflow 64 bits are too long for the file, not short enough for it.
  shape = source.shape;
  shape.rows = UINT64_MAX;
  EXPECT_EQ(code_of(shape), Code::kBadVectorFile);
  shape = source.shape;
  shape.stride = UINT64_MAX / 2;
  EXPECT_EQ(code_of(shape), Code::kBadVectorFile);
  shape = source.shape;
  shape.offset = UINT64_MAX;
  EXPECT_EQ(code_of(shape), Code::kBadVectorFile);
  shape.rows = 0;
  EXPECT_EQ(code_of(shape), Code::kBadVectorFile);
}

TEST(VectorFile, RowsOutsideTheFileAreRefused) {
  const TempDir dir;
  Source source(kFbin, 10, 4, 3);
  source.write(dir);
  const auto file = VectorFile::open(source.shape);
  std::vector<uint8_t> rows(10 * file->row_bytes());
  EXPECT_TRUE(file->read_rows(10, 0, rows.data()).ok());
  EXPECT_EQ(file->read_rows(10, 1, rows.data()).code(), Code::kInvalidArgument);
  EXPECT_EQ(file->read_rows(5, 6, rows.data()).code(), Code::kInvalidArgument);
  EXPECT_EQ(file->read_rows(11, 0, rows.data()).code(), Code::kInvalidArgument);
  EXPECT_EQ(file->read_rows(1, UINT64_MAX, rows.data()).code(), Code::kInvalidArgument);
}

// A stride larger than the window: the gaps are not read, so a window stays as small as a row.
TEST(VectorFile, RowsFarApartAreReadOneByOne) {
  const TempDir dir;
  const Layout sparse = {"sparse", Element::kF32, false, true, 16, 3 << 20};
  Source source(sparse, 4, 10, 5);
  source.write(dir);
  const auto file = VectorFile::open(source.shape);
  ASSERT_TRUE(file.ok()) << file.status().message();
  std::vector<uint8_t> rows(4 * file->row_bytes());
  ASSERT_TRUE(file->read_rows(0, 4, rows.data()).ok());
  EXPECT_EQ(rows, source.expected);
}

// Most of the file is a hole; the rows on both sides of 2^31 and 2^32 bytes, and the last, are there.
TEST(VectorFile, RowsLieWhere32BitsEnd) {
  const TempDir dir;
  VectorFileShape shape;
  shape.path = dir.file("huge.u8bin");
  shape.rows = 1'200'000'000;
  shape.dim = 128;
  shape.element = Element::kU8;
  shape.offset = 8;
  shape.stride = 128;
  testing::write_file(shape.path, std::vector<uint8_t>(8));
  std::filesystem::resize_file(shape.path, shape.offset + shape.rows * shape.stride);
  const uint64_t marked[] = {0, 16'777'214, 16'777'215, 33'554'431, 33'554'432, shape.rows - 1};
  {
    std::fstream out(shape.path, std::ios::binary | std::ios::in | std::ios::out);
    for (const uint64_t row : marked) {
      out.seekp(static_cast<std::streamoff>(shape.offset + row * shape.stride));
      out.write(reinterpret_cast<const char*>(testing::random_bytes(128, row).data()), 128);
    }
    ASSERT_TRUE(out.good());
  }
  const auto file = VectorFile::open(shape);
  ASSERT_TRUE(file.ok()) << file.status().message();
  for (const uint64_t row : marked) {
    std::vector<uint8_t> found(128);
    ASSERT_TRUE(file->read_rows(row, 1, found.data()).ok());
    EXPECT_EQ(found, testing::random_bytes(128, row)) << row;
    EXPECT_EQ(file->row_id(row), row);
  }
  std::vector<uint8_t> last(300 * 128);
  ASSERT_TRUE(file->read_rows(shape.rows - 300, 300, last.data()).ok());
  EXPECT_EQ(std::count(last.begin(), last.end() - 128, 0), 299 * 128);
  EXPECT_EQ(file->read_rows(shape.rows, 1, last.data()).code(), Code::kInvalidArgument);
}

TEST(VectorFile, ConcurrentReadsOfOneFile) {
  const TempDir dir;
  Source source(kFvecs, 2000, 64, 8);
  source.write(dir);
  const auto file = VectorFile::open(source.shape);
  ASSERT_TRUE(file.ok());
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::vector<uint8_t> rows(500 * file->row_bytes());
      ASSERT_TRUE(file->read_rows(t * 500, 500, rows.data()).ok());
      ASSERT_EQ(std::memcmp(rows.data(), source.expected.data() + t * rows.size(), rows.size()), 0);
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace vamana
