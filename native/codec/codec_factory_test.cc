// Where codes lie, how vectors are normalised, and what make_codec refuses.
#include "codec/codec_factory.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace vamana {
namespace {

TEST(CodeLayout, NoCodeUpTo64BytesStraddlesACacheLine) {
  for (uint32_t bytes = 1; bytes <= 64; ++bytes) {
    const CodeLayout layout = code_layout(bytes);
    for (uint32_t id = 0; id < 1000; ++id) {
      const auto begin = static_cast<uint64_t>(layout.code(id) - layout.codes);
      ASSERT_EQ(begin / 64, (begin + bytes - 1) / 64) << bytes << " bytes, code " << id;
    }
  }
}

TEST(CodeLayout, LongerCodesBeginOnEightBytes) {
  for (uint32_t bytes = 65; bytes <= 300; ++bytes) {
    const CodeLayout layout = code_layout(bytes);
    for (uint32_t id = 0; id < 100; ++id) ASSERT_EQ((layout.code(id) - layout.codes) % 8, 0);
    ASSERT_LT(layout.stride - bytes, 8u);
  }
}

TEST(CodeLayout, CodesDoNotOverlapAndFitTheirArea) {
  for (const uint32_t bytes : {1u, 3u, 8u, 24u, 31u, 32u, 33u, 63u, 64u, 65u, 128u, 255u}) {
    const CodeLayout layout = code_layout(bytes);
    for (const uint32_t rows : {1u, 2u, 63u, 64u, 65u, 500u}) {
      std::vector<uint8_t> used(code_area_bytes(layout, rows), 0);
      for (uint32_t id = 0; id < rows; ++id) {
        const auto begin = static_cast<uint64_t>(layout.code(id) - layout.codes);
        ASSERT_LE(begin + bytes, used.size()) << bytes << " bytes, code " << id << " of " << rows;
        for (uint64_t at = begin; at < begin + bytes; ++at) {
          ASSERT_EQ(used[at], 0) << bytes << " bytes, code " << id;
          used[at] = 1;
        }
      }
    }
  }
}

TEST(CodeLayout, AreaOfManyRowsIsCountedIn64Bits) {
  EXPECT_EQ(code_area_bytes(code_layout(32), 4'000'000'000ull), 128'000'000'000ull);
  const CodeLayout layout = code_layout(64);
  EXPECT_EQ(layout.code(4'000'000'000u) - layout.codes, 256'000'000'000ll);
}

double length_of(const std::vector<float>& v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x) * static_cast<double>(x);
  return std::sqrt(sum);
}

TEST(Normalise, GivesLengthOneInTheSameDirection) {
  std::vector<float> v = {3, 0, -4};
  normalise(v.data(), v.size());
  EXPECT_FLOAT_EQ(v[0], 0.6f);
  EXPECT_FLOAT_EQ(v[1], 0);
  EXPECT_FLOAT_EQ(v[2], -0.8f);
}

TEST(Normalise, LeavesZeroAlone) {
  std::vector<float> v(5, 0.0f);
  normalise(v.data(), v.size());
  EXPECT_EQ(v, std::vector<float>(5, 0.0f));
}

// A row of denormal numbers once became infinite, and with it the codebook, and the segment was refused.
TEST(Normalise, HoldsAtTheEndsOfTheRange) {
  for (const float scale : {std::numeric_limits<float>::denorm_min(), 1e-40f, 1e-20f, 1e20f, 1e38f}) {
    std::vector<float> v = {scale, 2 * scale, -scale};
    normalise(v.data(), v.size());
    EXPECT_NEAR(length_of(v), 1, 1e-5) << scale;
  }
}

TEST(MakeCodec, RefusesCodecsItDoesNotKnow) {
  const std::vector<uint8_t> parameters(100);
  for (const uint32_t kind : {0u, 3u, 77u}) {
    EXPECT_EQ(make_codec(static_cast<CodecKind>(kind), 4, Metric::kL2, 4, parameters).status().code(),
              Code::kUnsupported);
  }
}

}  // namespace
}  // namespace vamana
