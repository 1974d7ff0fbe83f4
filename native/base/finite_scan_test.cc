#include "base/finite_scan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/coding.h"
#include "base/prng.h"

namespace vamana {
namespace {

std::vector<uint8_t> bytes_of(const std::vector<float>& values) {
  std::vector<uint8_t> bytes(values.size() * 4);
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TEST(FiniteScan, KnowsWhatIsFiniteInF32) {
  using Limits = std::numeric_limits<float>;
  for (const float value : {0.0f, -0.0f, 1.0f, Limits::max(), Limits::lowest(), Limits::denorm_min()}) {
    EXPECT_EQ(first_not_finite_f32(bytes_of({1.0f, value}).data(), 2), 2u) << value;
  }
  for (const float value : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), Limits::signaling_NaN()}) {
    EXPECT_EQ(first_not_finite_f32(bytes_of({1.0f, value}).data(), 2), 1u) << value;
  }
  EXPECT_EQ(first_not_finite_f32(nullptr, 0), 0u);
}

// All 65536 values of f16: not finite iff the five exponent bits are set.
TEST(FiniteScan, KnowsWhatIsFiniteInF16) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    uint8_t value[2];
    store_le(value, static_cast<uint16_t>(bits));
    const bool finite = ((bits >> 10) & 31) != 31;
    ASSERT_EQ(first_not_finite_f16(value, 1), finite ? 1u : 0u) << bits;
  }
}

TEST(FiniteScan, FindsTheFirstWhereverItStands) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    Prng prng(seed);
    const size_t count = 1 + prng.below(5000);
    // From an odd byte: nothing is said of alignment.
    std::vector<uint8_t> wide(count * 4 + 1), narrow(count * 2 + 1);
    for (size_t i = 0; i < count; ++i) {
      store_le(wide.data() + 1 + i * 4, static_cast<float>(prng.gaussian()));
      store_le(narrow.data() + 1 + i * 2, static_cast<uint16_t>(prng.below(0x7C00)));
    }
    ASSERT_EQ(first_not_finite_f32(wide.data() + 1, count), count) << "seed " << seed;
    ASSERT_EQ(first_not_finite_f16(narrow.data() + 1, count), count) << "seed " << seed;
    const size_t a = prng.below(count), b = prng.below(count);
    for (const size_t at : {a, b}) {
      store_le(wide.data() + 1 + at * 4, std::nanf(""));
      store_le(narrow.data() + 1 + at * 2, static_cast<uint16_t>(0xFC00));
    }
    ASSERT_EQ(first_not_finite_f32(wide.data() + 1, count), std::min(a, b)) << "seed " << seed;
    ASSERT_EQ(first_not_finite_f16(narrow.data() + 1, count), std::min(a, b)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace vamana
