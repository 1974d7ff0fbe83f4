// What a delta takes, refuses, keeps and counts. Searching is tested in delta_search_test.cc.
#include "delta/delta.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/process_memory.h"
#include "kernels/kernels.h"
#include "testing/filled_delta.h"
#include "testing/sanitized.h"

namespace vamana {
namespace {

using testing::append_rows;
using testing::delta_row;
using testing::empty_delta;
using testing::filled_delta;
using testing::VectorSet;

TEST(Delta, KeepsRowsAndVectorsInTheOrderTheyCame) {
  const VectorSet set = testing::make_vectors({.rows = 9000, .dim = 5, .element = Element::kI8});
  const auto delta = empty_delta(set.dim, set.element, Metric::kL2);
  for (uint32_t begin = 0, size = 1; begin < set.rows; begin += size, size = size * 3 % 1000 + 1) {
    ASSERT_TRUE(append_rows(*delta, set, begin, std::min(set.rows, begin + size)).ok());
  }
  ASSERT_EQ(delta->rows(), set.rows);
  EXPECT_EQ(delta->linked(), 0u);
  for (uint32_t slot = 0; slot < set.rows; ++slot) {
    ASSERT_EQ(delta->row(slot), delta_row(slot));
    ASSERT_EQ(std::memcmp(delta->vector(slot), set.row(slot), set.row_bytes()), 0);
  }
}

TEST(Delta, RefusesRowsThatDoNotAscend) {
  const VectorSet set = testing::make_vectors({.rows = 4, .dim = 3});
  const auto delta = empty_delta(set.dim, set.element, Metric::kL2);
  EXPECT_TRUE(delta->append(std::vector<uint32_t>{0}, set.row(0)).ok()) << "row 0 is one like others";
  EXPECT_TRUE(delta->append(std::vector<uint32_t>{10, 11}, set.row(0)).ok());
  for (const std::vector<uint32_t>& rows : {std::vector<uint32_t>{12, 12}, {12, 5}, {11}, {11, 12}, {0}}) {
    const Status status = delta->append(rows, set.row(0));
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_NE(status.message().find("row"), std::string::npos) << status.message();
  }
  EXPECT_EQ(delta->rows(), 3u) << "all or nothing";
  EXPECT_TRUE(delta->append({}, set.row(0)).ok());
  EXPECT_TRUE(delta->append(std::vector<uint32_t>{4294967295u}, set.row(0)).ok());
}

TEST(Delta, RefusesValuesThatAreNotFiniteAndNamesTheRow) {
  for (const Element element : {Element::kF32, Element::kF16}) {
    VectorSet set = testing::make_vectors({.rows = 6, .dim = 7, .element = element});
    const auto delta = empty_delta(set.dim, set.element, Metric::kCosine);
    const std::vector<uint8_t> good = set.bytes;
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
      set.bytes = good;
      const uint16_t half = f32_to_f16(bad);
      std::memcpy(set.row(4) + 5 * element_bytes(element),
                  element == Element::kF32 ? static_cast<const void*>(&bad) : &half, element_bytes(element));
      const Status status = append_rows(*delta, set, 0, set.rows);
      EXPECT_EQ(status.code(), Code::kNotFinite);
      EXPECT_NE(status.message().find("row 19 "), std::string::npos) << status.message();
      EXPECT_NE(status.message().find("dimension 5"), std::string::npos) << status.message();
      EXPECT_EQ(delta->rows(), 0u);
    }
  }
}

TEST(Delta, RefusesOptionsOutOfRange) {
  const auto code = [](auto change) {
    DeltaOptions options;
    options.dim = 8;
    change(options);
    const auto delta = Delta::create(options);
    return delta.ok() ? Code::kOk : delta.status().code();
  };
  EXPECT_EQ(code([](DeltaOptions&) {}), Code::kOk);
  EXPECT_EQ(code([](DeltaOptions& o) { o.dim = 0; }), Code::kInvalidArgument);
  EXPECT_EQ(code([](DeltaOptions& o) { o.dim = 65537; }), Code::kInvalidArgument);
  EXPECT_EQ(code([](DeltaOptions& o) { o.degree = 3; }), Code::kInvalidArgument);
  EXPECT_EQ(code([](DeltaOptions& o) { o.degree = 257; }), Code::kInvalidArgument);
  EXPECT_EQ(code([](DeltaOptions& o) { o.build_list = 23; }), Code::kInvalidArgument);
  EXPECT_EQ(code([](DeltaOptions& o) { o.alpha = 0.9f; }), Code::kInvalidArgument);
  EXPECT_EQ(code([](DeltaOptions& o) { o.alpha = std::nanf(""); }), Code::kInvalidArgument);
}

double length(const Delta& delta, uint32_t slot) {
  std::vector<float> values(delta.options().dim);
  widen_kernel(delta.options().element)(delta.vector(slot), values.size(), values.data());
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum);
}

TEST(Delta, NormalisesFloatsUnderCosine) {
  for (const Element element : {Element::kF32, Element::kF16}) {
    const VectorSet set = testing::make_vectors({.rows = 200, .dim = 33, .element = element, .zeros = 0.1});
    const auto delta = filled_delta(set, Metric::kCosine, 0);
    const DistanceFn cosine = distance_kernel(Metric::kCosine, element);
    uint32_t zeros = 0;
    for (uint32_t slot = 0; slot < set.rows; ++slot) {
      const bool zero = length(*delta, slot) == 0;
      zeros += zero;
      if (zero) {
        ASSERT_EQ(std::memcmp(delta->vector(slot), set.row(slot), set.row_bytes()), 0);
        continue;
      }
      ASSERT_NEAR(length(*delta, slot), 1, element == Element::kF32 ? 1e-6 : 1e-3);
      ASSERT_NEAR(static_cast<double>(cosine(delta->vector(slot), set.row(slot), set.dim)), 0, 1e-5);
    }
    EXPECT_GT(zeros, 0u);
  }
}

TEST(Delta, KeepsVectorsAsTheyCameOtherwise) {
  for (const Metric metric : {Metric::kCosine, Metric::kL2, Metric::kDot, Metric::kL1}) {
    for (const Element element : {Element::kU8, Element::kI8, Element::kF32}) {
      if (metric == Metric::kCosine && element == Element::kF32) continue;
      const VectorSet set = testing::make_vectors({.rows = 20, .dim = 10, .element = element});
      const auto delta = filled_delta(set, metric, 0);
      for (uint32_t slot = 0; slot < set.rows; ++slot) {
        EXPECT_EQ(std::memcmp(delta->vector(slot), set.row(slot), set.row_bytes()), 0);
      }
    }
  }
}

TEST(Delta, FindsTheSlotOfARow) {
  const VectorSet set = testing::make_vectors({.rows = 5000, .dim = 2, .element = Element::kU8});
  const auto delta = filled_delta(set, Metric::kL2, 0);
  for (const uint32_t visible : {0u, 1u, 4999u, 5000u}) {
    for (uint32_t row = 0; row < delta_row(set.rows) + 5; ++row) {
      const bool there = row >= 7 && (row - 7) % 3 == 0 && (row - 7) / 3 < visible;
      const std::optional<uint32_t> slot = delta->slot_of(row, visible);
      ASSERT_EQ(slot.has_value(), there) << "row " << row << " of " << visible << " visible";
      if (there) {
        ASSERT_EQ(*slot, (row - 7) / 3);
      }
    }
  }
}

TEST(Delta, FrozenTakesNoMoreButLinksOn) {
  const VectorSet set = testing::make_vectors({.rows = 500, .dim = 4});
  const auto delta = filled_delta(set, Metric::kL2, 100);
  EXPECT_FALSE(delta->frozen());
  delta->freeze();
  EXPECT_TRUE(delta->frozen());
  EXPECT_EQ(delta->append(std::vector<uint32_t>{1u << 30}, set.row(0)).code(), Code::kInvalidArgument);
  EXPECT_EQ(delta->linked(), 100u);
  EXPECT_TRUE(delta->link_all(CancelFlag()).ok());
  EXPECT_EQ(delta->linked(), 500u);
}

TEST(Delta, LinksAsManyAsItIsTold) {
  const VectorSet set = testing::make_vectors({.rows = 300, .dim = 4});
  const auto delta = filled_delta(set, Metric::kL2, 0);
  EXPECT_EQ(delta->link_some(1), 1u);
  EXPECT_EQ(delta->link_some(250), 250u);
  EXPECT_EQ(delta->link_some(250), 49u);
  EXPECT_EQ(delta->link_some(250), 0u);
  CancelFlag cancel;
  cancel.cancel();
  EXPECT_TRUE(delta->link_all(cancel).ok()) << "there is nothing to cancel";
  const auto other = filled_delta(set, Metric::kL2, 10);
  EXPECT_EQ(other->link_all(cancel).code(), Code::kAborted);
  EXPECT_EQ(other->linked(), 10u);
}

TEST(Delta, CountsItsBytes) {
  const VectorSet set = testing::make_vectors({.rows = 20000, .dim = 128, .element = Element::kU8, .clusters = 2});
  const auto delta = empty_delta(set.dim, set.element, Metric::kL2);
  EXPECT_EQ(delta->row_bytes(), 128u + 32 * 4 + 4 + 4);
  const uint64_t empty = delta->bytes();
  EXPECT_LT(empty, 100'000u);
  uint64_t resident = process_memory().resident;
  ASSERT_TRUE(append_rows(*delta, set, 0, set.rows).ok());
  resident = process_memory().resident - resident;
  const uint64_t rows = delta->bytes() - empty;
  EXPECT_GE(rows, set.rows * delta->row_bytes());
  EXPECT_LE(rows, 2 * set.rows * delta->row_bytes() + (4 << 20));
  if (testing::kSanitized) return;  // a sanitizer's shadow is resident too
  EXPECT_LE(resident, delta->bytes() + (2 << 20)) << "no more is used than is counted";
}

// In a process of its own, whose memory ends: 0 when the delta says so and goes on with what it has.
int fill_until_refused() {
  const VectorSet set = testing::make_vectors({.rows = 3000, .dim = 512, .clusters = 1, .duplicates = 0.9});
  const auto delta = empty_delta(set.dim, set.element, Metric::kL2);
  if (!append_rows(*delta, set, 0, 100).ok()) return 1;
  const rlimit none{1, 1};
  if (::setrlimit(RLIMIT_AS, &none) != 0) return 2;
  const Status status = append_rows(*delta, set, 100, set.rows);
  if (status.code() != Code::kMemoryLimit) return 3;
  if (delta->rows() != 100) return 4;
  return append_rows(*delta, set, 100, 200).ok() ? 0 : 5;
}

TEST(DeltaDeathTest, SaysWhenThereIsNoMemory) {
  if (testing::kSanitized) GTEST_SKIP() << "sanitizers map more memory than any limit could allow";
  EXPECT_EXIT(std::exit(fill_until_refused()), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace vamana
