// A rotation keeps lengths and angles, spreads what is concentrated, can be undone, and never changes: segments
// hold only its seed.
#include "codec/rotation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/prng.h"

namespace vamana {
namespace {

constexpr uint64_t kSeed = 77;
constexpr uint32_t kDims[] = {1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 33, 64, 100, 128, 200, 257, 768, 1000};

std::vector<float> random_vector(uint32_t dim, Prng& prng) {
  std::vector<float> v(dim);
  for (float& value : v) value = static_cast<float>(prng.gaussian());
  return v;
}

double product(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t d = 0; d < a.size(); ++d) sum += static_cast<double>(a[d]) * static_cast<double>(b[d]);
  return sum;
}

TEST(Rotation, KeepsProductsAndIsUndone) {
  Prng prng(kSeed);
  for (const uint32_t dim : kDims) {
    const Rotation rotation(dim, kSeed + dim);
    const auto a = random_vector(dim, prng), b = random_vector(dim, prng);
    auto ra = a, rb = b;
    rotation.apply(ra.data());
    rotation.apply(rb.data());
    EXPECT_NEAR(product(ra, rb), product(a, b), 1e-5 * dim) << dim;
    EXPECT_NEAR(product(ra, ra), product(a, a), 1e-5 * dim) << dim;
    rotation.undo(ra.data());
    for (uint32_t d = 0; d < dim; ++d) ASSERT_NEAR(ra[d], a[d], 1e-5) << dim;
  }
}

// A single element ends up in every coordinate, none much above the mean: what rounding to a grid rests on.
TEST(Rotation, SpreadsASingleElement) {
  for (const uint32_t dim : {64u, 100u, 128u, 200u, 257u, 768u, 1000u}) {
    const Rotation rotation(dim, kSeed);
    for (uint32_t at = 0; at < dim; at += 17) {
      std::vector<float> v(dim, 0.0f);
      v[at] = std::sqrt(static_cast<float>(dim));
      rotation.apply(v.data());
      double fourth = 0, largest = 0;
      for (const float value : v) {
        const double square = static_cast<double>(value) * static_cast<double>(value);
        fourth += square * square / dim;
        largest = std::max(largest, square);
      }
      EXPECT_LT(fourth, 8) << dim << " dimensions, element " << at;  // 3 of a normal variable
      EXPECT_LT(largest, 40) << dim << " dimensions, element " << at;
    }
  }
}

TEST(Rotation, DiffersBySeed) {
  std::vector<float> a(16, 1.0f), b = a;
  Rotation(16, 1).apply(a.data());
  Rotation(16, 2).apply(b.data());
  EXPECT_NE(a, b);
}

// Both were printed by the first version; a segment of any version must find them again.
TEST(Rotation, IsTheOneThatSegmentsWereWrittenWith) {
  std::vector<float> five = {1, 2, 3, 4, 5}, eight = {1, 2, 3, 4, 5, 6, 7, 8};
  Rotation(5, 42).apply(five.data());
  Rotation(8, 42).apply(eight.data());
  const float expected_five[] = {3.75f, 2.375f, 0.125f, -5.875f, 0.875f};
  const float expected_eight[] = {6, 5, 1, 0, 9, -6, -4, -3};
  for (size_t d = 0; d < 5; ++d) EXPECT_NEAR(five[d], expected_five[d], 1e-5) << d;
  for (size_t d = 0; d < 8; ++d) EXPECT_NEAR(eight[d], expected_eight[d], 1e-5) << d;
}

}  // namespace
}  // namespace vamana
