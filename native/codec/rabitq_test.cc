// What is particular to the scalar codec; what holds for every codec is in codec_test.cc.
#include "codec/rabitq.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/coding.h"
#include "base/prng.h"
#include "codec/codec_factory.h"
#include "codec/rabitq_grid.h"
#include "testing/naive_search.h"

namespace vamana {
namespace {

constexpr uint64_t kSeed = 4;

std::vector<float> random_sample(size_t count, uint32_t dim, uint64_t seed) {
  Prng prng(seed);
  std::vector<float> sample(count * dim);
  for (float& value : sample) value = static_cast<float>(prng.gaussian() + 0.5);
  return sample;
}

std::unique_ptr<RabitqCodec> train(const std::vector<float>& sample, uint32_t dim, uint32_t bits, Metric metric) {
  CancelFlag cancel;
  auto codec = RabitqCodec::train(sample.data(), sample.size() / dim, dim, metric, bits, 1, cancel);
  EXPECT_TRUE(codec.ok());
  return std::move(codec).value();
}

float score(const Codec& codec, const float* query, const float* vector) {
  std::vector<uint8_t> code(codec.code_bytes());
  codec.encode(vector, code.data());
  std::vector<float> table(codec.query_floats());
  codec.prepare(query, table.data());
  CodeLayout layout = code_layout(codec.code_bytes());
  layout.codes = code.data();
  const uint32_t id = 0;
  float out;
  codec.scorer()(table.data(), layout, &id, 1, &out);
  return out;
}

TEST(Rabitq, BitsAreTheMostThatFit) {
  EXPECT_EQ(rabitq_code_bytes(128, 4), 68u);
  EXPECT_EQ(rabitq_code_bytes(100, 3), 42u);
  EXPECT_EQ(rabitq_bits(128, 19), 0u);
  EXPECT_EQ(rabitq_bits(128, 20), 1u);
  EXPECT_EQ(rabitq_bits(128, 64), 3u);
  EXPECT_EQ(rabitq_bits(128, 100000), 8u);
  EXPECT_EQ(rabitq_bits(0, 64), 0u);
  EXPECT_EQ(rabitq_bits(128, 0), 0u);
  for (uint32_t dim = 1; dim <= 300; ++dim) {
    for (uint32_t bytes = 0; bytes <= dim + 6; ++bytes) {
      const uint32_t bits = rabitq_bits(dim, bytes);
      ASSERT_TRUE(bits == 0 || rabitq_code_bytes(dim, bits) <= bytes) << dim << " dimensions, " << bytes << " bytes";
      ASSERT_TRUE(bits == kRabitqBitsMax || rabitq_code_bytes(dim, bits + 1) > bytes) << dim << ", " << bytes;
    }
  }
}

TEST(Rabitq, IsNamedByItsBits) {
  const auto sample = random_sample(10, 20, kSeed);
  for (uint32_t bits = 1; bits <= kRabitqBitsMax; ++bits)
    EXPECT_EQ(train(sample, 20, bits, Metric::kL2)->name(), format("rabitq%u", bits));
}

TEST(Rabitq, HasNoL1) {
  const auto sample = random_sample(10, 8, kSeed);
  CancelFlag cancel;
  EXPECT_EQ(RabitqCodec::train(sample.data(), 10, 8, Metric::kL1, 4, 1, cancel).status().code(), Code::kUnsupported);
  const auto parameters = train(sample, 8, 4, Metric::kL2)->parameters();
  EXPECT_EQ(make_codec(CodecKind::kRabitq, 8, Metric::kL1, rabitq_code_bytes(8, 4), parameters).status().code(),
            Code::kUnsupported);
}

// The mean error over many pairs is near 0 (unbiased), its deviation halves with each bit.
TEST(Rabitq, EstimatesAreUnbiasedAndTwiceAsGoodABit) {
  const uint32_t dim = 96;
  constexpr size_t kRows = 400;
  const auto sample = random_sample(kRows, dim, kSeed);
  // A fifth above 2 |q'| |r| / sqrt(dim) times the tangent of the angle between a vector and its code; for dot
  // half of that would do.
  const double deviation_max[] = {0, 18, 8.5, 4.5, 2.4, 1.25, 0.65, 0.4, 0.25};
  for (const Metric metric : {Metric::kL2, Metric::kDot}) {
    for (uint32_t bits = 1; bits <= kRabitqBitsMax; ++bits) {
      const auto codec = train(sample, dim, bits, metric);
      double sum = 0, squares = 0;
      for (size_t i = 1; i < kRows; ++i) {
        const float* query = sample.data() + (i - 1) * dim;
        const float* vector = sample.data() + i * dim;
        const double error =
            score(*codec, query, vector) - testing::naive_distance(metric, {query, dim}, {vector, dim});
        sum += error / kRows;
        squares += error * error / kRows;
      }
      EXPECT_LT(std::sqrt(squares), deviation_max[bits]) << bits << " bits, metric " << metric_name(metric);
      EXPECT_LT(std::abs(sum), 4 * std::sqrt(squares / kRows)) << bits << " bits, metric " << metric_name(metric);
    }
  }
}

// The largest squared cosine over every scale at which a level changes.
double best_fit_of_all(const std::vector<float>& v, uint32_t bits) {
  const double highest = (1 << (bits - 1)) - 0.5;
  double best = 0;
  for (size_t e = 0; e < v.size(); ++e) {
    for (int level = 0; level < 1 << (bits - 1); ++level) {
      const double scale = (level + 1e-6) / std::abs(static_cast<double>(v[e]));
      double product = 0, square = 0;
      for (const float value : v) {
        const double magnitude = std::abs(static_cast<double>(value));
        const double point = std::min(std::floor(magnitude * scale) + 0.5, highest);
        product += point * magnitude;
        square += point * point;
      }
      best = std::max(best, product * product / square);
    }
  }
  return best;
}

TEST(RabitqGrid, IsNearlyAsGoodAsTheBestOfAllScales) {
  Prng prng(kSeed);
  for (const uint32_t dim : {16u, 61u, 128u}) {
    for (uint32_t bits = 1; bits <= 6; ++bits) {
      double found = 0, best = 0;
      for (int i = 0; i < 8; ++i) {
        std::vector<float> v(dim), scratch(grid_scratch_floats(dim));
        std::vector<uint8_t> levels(dim);
        for (float& value : v) value = static_cast<float>(prng.gaussian());
        const GridFit fit = fit_to_grid(v.data(), dim, bits, scratch.data(), levels.data());
        double square = 0, product = 0, length = 0;
        for (uint32_t d = 0; d < dim; ++d) {
          ASSERT_LT(levels[d], 1u << bits);
          const double point = levels[d] - ((1 << bits) - 1) / 2.0;
          square += point * point;
          product += point * static_cast<double>(v[d]);
          length += static_cast<double>(v[d]) * static_cast<double>(v[d]);
        }
        ASSERT_NEAR(fit.product, product, 1e-6 * product);
        ASSERT_NEAR(fit.squared_length, length, 1e-6 * length);
        found += 1 - product * product / square / length;
        best += 1 - best_fit_of_all(v, bits) / length;
      }
      // With few elements the error is a jagged function of the scale, and the search meets fewer of its dips.
      EXPECT_LT(found, best * (dim < 32 ? 1.25 : 1.1)) << dim << " dimensions, " << bits << " bits, seed " << kSeed;
    }
  }
}

// By the parameter block's own description.
TEST(Rabitq, TheParameterBlockIsAsDescribed) {
  const uint32_t dim = 6;
  const auto sample = random_sample(50, dim, kSeed);
  const auto block = train(sample, dim, 5, Metric::kL2)->parameters();
  ASSERT_EQ(block.size(), 24 + 4 * dim);
  EXPECT_EQ(load_le<uint32_t>(block.data()), dim);
  EXPECT_EQ(load_le<uint32_t>(block.data() + 4), 5u);
  EXPECT_EQ(load_le<uint64_t>(block.data() + 8), 1u);
  for (uint32_t d = 0; d < dim; ++d) {
    double mean = 0;
    for (size_t i = 0; i < 50; ++i) mean += static_cast<double>(sample[i * dim + d]) / 50;
    EXPECT_NEAR(load_le<float>(block.data() + 24 + 4 * d), mean, 1e-6);
  }
}

TEST(Rabitq, RefusesParametersThatWereNeverWritten) {
  const uint32_t dim = 8;
  const auto sound = train(random_sample(50, dim, kSeed), dim, 4, Metric::kL2)->parameters();
  const auto code_of = [&](size_t at, auto value) {
    auto damaged = sound;
    store_le(damaged.data() + at, value);
    return RabitqCodec::from_parameters(dim, Metric::kL2, rabitq_code_bytes(dim, 4), damaged).status().code();
  };
  EXPECT_EQ(code_of(0, dim), Code::kOk);
  for (const uint32_t bits : {0u, 3u, 5u, 9u, 0xFFFFFFFFu}) EXPECT_EQ(code_of(4, bits), Code::kCorrupt) << bits;
  for (const size_t at : {16u, 20u}) {
    for (const uint32_t floor : {0u, 1u, 100u << 23 | 1u, 191u << 23, 255u << 23, 0x80000000u | 100u << 23})
      EXPECT_EQ(code_of(at, floor), Code::kCorrupt) << floor;
  }
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (uint32_t d = 0; d < dim; ++d) EXPECT_EQ(code_of(24 + 4 * d, bad), Code::kCorrupt);
  }
}

// A row may lie far outside of what the sample showed: its factors are clipped, nothing else breaks.
TEST(Rabitq, RowsAtTheEndsOfTheRangeDoNoHarm) {
  const uint32_t dim = 24;
  const auto sample = random_sample(100, dim, kSeed);
  for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kDot}) {
    const auto codec = train(sample, dim, 4, metric);
    for (const float size : {0.0f, std::numeric_limits<float>::denorm_min(), 1e-30f, 1e5f, 1e19f, 3e38f}) {
      std::vector<float> row(dim, size), back(dim);
      for (uint32_t d = 0; d < dim; d += 2) row[d] = -size;
      std::vector<uint8_t> code(codec->code_bytes());
      codec->encode(row.data(), code.data());
      codec->decode(code.data(), back.data());
      for (const float value : back) ASSERT_TRUE(std::isfinite(value)) << size;
      EXPECT_TRUE(std::isfinite(score(*codec, sample.data(), row.data()))) << size;
      EXPECT_FALSE(std::isnan(score(*codec, row.data(), sample.data()))) << size;
    }
  }
}

}  // namespace
}  // namespace vamana
