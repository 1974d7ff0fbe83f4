#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "kernels/kernels.h"
#include "kernels/target.h"

namespace vamana {
namespace {

// What the bits mean, by definition.
double meaning(uint16_t half) {
  const int exponent = half >> 10 & 0x1F, fraction = half & 0x3FF;
  const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

TEST(Half, EveryFiniteHalfWidensToItsMeaning) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    if ((half & 0x7C00) == 0x7C00) continue;
    EXPECT_EQ(static_cast<double>(f16_to_f32(half)), meaning(half)) << "half " << bits;
    EXPECT_EQ(std::signbit(f16_to_f32(half)), half >= 0x8000) << "half " << bits;
  }
  EXPECT_EQ(f16_to_f32(0x7C00), INFINITY);
  EXPECT_EQ(f16_to_f32(0xFC00), -INFINITY);
}

TEST(Half, AllHalvesComeBackFromF32) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    EXPECT_EQ(f32_to_f16(f16_to_f32(half)), half) << "half " << bits;
  }
}

TEST(Half, RoundsToTheNearestAndTiesToEven) {
  for (uint32_t bits = 0; bits < 0x7BFF; ++bits) {
    const auto below = static_cast<uint16_t>(bits), above = static_cast<uint16_t>(bits + 1);
    // Exact in f32: one bit more than a half has.
    const auto middle = static_cast<float>((meaning(below) + meaning(above)) / 2);
    const uint16_t even = below % 2 == 0 ? below : above;
    for (const uint16_t sign : {uint16_t{0}, uint16_t{0x8000}}) {
      const float signed_middle = sign ? -middle : middle;
      EXPECT_EQ(f32_to_f16(signed_middle), even | sign) << "between " << bits << " and the next";
      EXPECT_EQ(f32_to_f16(std::nextafter(signed_middle, 0.0f)), below | sign);
      EXPECT_EQ(f32_to_f16(std::nextafter(signed_middle, sign ? -1e9f : 1e9f)), above | sign);
    }
  }
}

TEST(Half, OverflowBecomesInfinityAndNanStaysNan) {
  EXPECT_EQ(f32_to_f16(65504.0f), 0x7BFF);
  EXPECT_EQ(f32_to_f16(std::nextafter(65520.0f, 0.0f)), 0x7BFF);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7C00);
  EXPECT_EQ(f32_to_f16(-1e30f), 0xFC00);
  EXPECT_EQ(f32_to_f16(INFINITY), 0x7C00);
  EXPECT_EQ(f32_to_f16(-INFINITY), 0xFC00);
  for (const uint32_t nan : {0x7FC00000u, 0xFFC00000u, 0x7F800001u, 0x7FFFFFFFu}) {
    EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(std::bit_cast<float>(nan))))) << std::hex << nan;
  }
  EXPECT_EQ(f32_to_f16(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_EQ(f32_to_f16(-0.0f), 0x8000);
}

#if defined(__x86_64__)
VAMANA_AVX2 uint16_t hardware_f16(float value) {
  return static_cast<uint16_t>(_cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT));
}

TEST(Half, AgreesWithTheInstruction) {
  if (kernels_at(CpuLevel::kAvx2) == nullptr) GTEST_SKIP() << "this processor lacks avx2";
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 2003) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (std::isnan(value)) continue;
    ASSERT_EQ(f32_to_f16(value), hardware_f16(value)) << "float bits " << bits;
  }
}
#endif

}  // namespace
}  // namespace vamana
