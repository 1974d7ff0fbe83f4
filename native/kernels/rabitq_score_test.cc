// Scores of scalar codes: each level against the definition in kernels/rabitq_table.h, and equal to the scalar
// one to the last bit.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/prng.h"
#include "base/status.h"
#include "kernels/cpu.h"
#include "kernels/rabitq_table.h"

namespace vamana {
namespace {

constexpr uint64_t kSeed = 20250518;
constexpr uint32_t kRows = 40;
constexpr uint32_t kFloor = 100u << 23;

uint32_t element_of(const uint8_t* code, uint32_t bits, uint32_t at) {
  uint32_t element = 0;
  for (uint32_t bit = 0; bit < bits; ++bit) {
    const uint64_t place = uint64_t{at} * bits + bit;
    element |= static_cast<uint32_t>(code[kRabitqFactorBytes + place / 8] >> (place % 8) & 1) << bit;
  }
  return element;
}

// Codes and a table, filled by `next_code` and `next_query`; the codes end with their last byte, so that an address
// sanitizer sees what is read beyond.
struct Scene {
  std::vector<uint8_t> codes;
  std::vector<float> table;
  CodeLayout layout;
  std::vector<int8_t> query;
  int64_t sum = 0;

  template <class NextCode, class NextQuery>
  Scene(uint32_t dim, uint32_t bits, const NextCode& next_code, const NextQuery& next_query) : query(dim) {
    const auto code_bytes = static_cast<uint32_t>((uint64_t{dim} * bits + 7) / 8 + kRabitqFactorBytes);
    layout.code_bytes = code_bytes;
    layout.codes_per_line = code_bytes <= 64 ? 64 / code_bytes : 1;
    layout.stride = code_bytes <= 64 ? 64 : (code_bytes + 7) / 8 * 8;
    codes.resize((kRows - 1) / layout.codes_per_line * layout.stride +
                 ((kRows - 1) % layout.codes_per_line + 1) * code_bytes);
    for (auto& byte : codes) byte = next_code();
    layout.codes = codes.data();
    const size_t padded = (dim + kRabitqLanes - 1) / kRabitqLanes * kRabitqLanes;
    table.assign(kRabitqHeadFloats + padded / sizeof(float), 0.0f);
    for (auto& byte : query) sum += byte = next_query();
    std::memcpy(table.data() + kRabitqHeadFloats, query.data(), dim);
    const RabitqQuery head = {dim,    bits,   3.5f, -0.01f, static_cast<uint32_t>(((1 << bits) - 1) * sum),
                              kFloor, kFloor, 0};
    std::memcpy(table.data(), &head, sizeof head);
  }

  // The estimate, and the sum of the magnitudes of its terms.
  struct Expected {
    double score, size;
  };
  Expected expected(uint32_t id) const {
    const uint8_t* const code = layout.code(id);
    RabitqQuery head;
    std::memcpy(&head, table.data(), sizeof head);
    int64_t dot = 0;
    for (uint32_t i = 0; i < head.dim; ++i) dot += int64_t{query[i]} * element_of(code, head.bits, i);
    uint16_t factors[2];
    std::memcpy(factors, code, sizeof factors);
    const double shift = static_cast<double>(head.base) + static_cast<double>(small_float_value(factors[0], kFloor));
    const double product = static_cast<double>(head.weight) *
                           static_cast<double>(small_float_value(factors[1], kFloor)) *
                           static_cast<double>(2 * dot - ((1 << head.bits) - 1) * sum);
    return {shift + product, std::abs(shift) + std::abs(product)};
  }
};

class RabitqScoreAt : public ::testing::TestWithParam<CpuLevel> {
 protected:
  void SetUp() override {
    table_ = kernels_at(GetParam());
    if (table_ == nullptr) GTEST_SKIP() << "this processor has no " << cpu_level_name(GetParam());
  }
  const KernelTable* table_ = nullptr;
};

TEST_P(RabitqScoreAt, IsTheScalarScoreForEveryWidthLengthAndCount) {
  Prng prng(kSeed);
  const auto scalar = kernels_at(CpuLevel::kScalar)->rabitq_score;
  std::vector<uint32_t> dims = {160, 191, 192, 193, 256, 300, 769};
  for (uint32_t dim = 1; dim <= 140; ++dim) dims.push_back(dim);
  for (const uint32_t dim : dims) {
    for (uint32_t bits = 1; bits <= 8; ++bits) {
      const Scene scene(
          dim, bits, [&] { return static_cast<uint8_t>(prng.below(256)); },
          [&] { return static_cast<int8_t>(static_cast<int>(prng.below(255)) - 127); });
      for (const size_t count : {0u, 1u, 2u, 3u, 5u, 16u, 17u, 37u}) {
        std::vector<uint32_t> ids(count);
        for (auto& id : ids) id = static_cast<uint32_t>(prng.below(kRows));
        if (count > 0) ids.back() = kRows - 1;
        std::vector<float> out(count + 1, 77.0f), plain(count + 1, 77.0f);
        table_->rabitq_score(scene.table.data(), scene.layout, ids.data(), count, out.data());
        scalar(scene.table.data(), scene.layout, ids.data(), count, plain.data());
        ASSERT_EQ(out[count], 77.0f) << "wrote past the scores";
        ASSERT_EQ(out, plain) << dim << " dimensions, " << bits << " bits, " << count << " codes, seed " << kSeed;
        if (count != 5) continue;
        for (size_t i = 0; i < count; ++i) {
          const auto expected = scene.expected(ids[i]);
          ASSERT_NEAR(out[i], expected.score, 1e-6 * expected.size) << dim << " dimensions, " << bits << " bits";
        }
      }
    }
  }
}

// 65536 * 255 * 127 is just below 2^31.
TEST_P(RabitqScoreAt, TheLargestSumsDoNotOverflow) {
  for (const int sign : {1, -1}) {
    for (const uint8_t byte : {uint8_t{0}, uint8_t{255}}) {
      for (const uint32_t bits : {1u, 7u, 8u}) {
        const Scene scene(
            65536, bits, [&] { return byte; }, [&] { return static_cast<int8_t>(127 * sign); });
        const uint32_t id = 7;
        float out;
        table_->rabitq_score(scene.table.data(), scene.layout, &id, 1, &out);
        const auto expected = scene.expected(id);
        EXPECT_NEAR(out, expected.score, 1e-6 * expected.size) << bits << " bits of byte " << int{byte};
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, RabitqScoreAt,
                         ::testing::Values(CpuLevel::kScalar, CpuLevel::kAvx2, CpuLevel::kAvx512, CpuLevel::kNeon),
                         [](const auto& info) { return cpu_level_name(info.param); });

TEST(SmallFloat, EveryPatternComesBack) {
  for (const uint32_t floor : {1u << 23, 100u << 23, kSmallFloatExponentMax << 23}) {
    for (uint32_t pattern = 0; pattern <= 0xFFFF; ++pattern) {
      const float value = small_float_value(static_cast<uint16_t>(pattern), floor);
      ASSERT_TRUE(std::isfinite(value));
      ASSERT_EQ(small_float_of(value, floor), pattern) << "floor " << floor;
    }
  }
}

TEST(SmallFloat, RoundsToTheNearestWithinItsRange) {
  Prng prng(kSeed);
  for (int i = 0; i < 10000; ++i) {
    const auto value = static_cast<float>(std::exp2(-26 + 62 * prng.uniform()));
    const float back = small_float_value(small_float_of(value, kFloor), kFloor);
    ASSERT_NEAR(back, value, static_cast<double>(value) * 0x1p-11) << "seed " << kSeed;
  }
}

TEST(SmallFloat, WhatIsOutsideBecomesAnEnd) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float value : {0.0f, -0.0f, -1.0f, -kInfinity, 1e-30f}) EXPECT_EQ(small_float_of(value, kFloor), 0);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float value : {kInfinity, std::numeric_limits<float>::max(), nan, -nan})
    EXPECT_EQ(small_float_of(value, kFloor), 0xFFFF);
}

}  // namespace
}  // namespace vamana
