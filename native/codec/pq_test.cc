// What is particular to product quantisation; what holds for every codec is in codec_test.cc.
#include "codec/pq.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <vector>

#include "base/coding.h"
#include "base/prng.h"

namespace vamana {
namespace {

std::vector<float> random_sample(size_t count, uint32_t dim, uint64_t seed) {
  Prng prng(seed);
  std::vector<float> sample(count * dim);
  for (float& value : sample) value = static_cast<float>(prng.gaussian());
  return sample;
}

std::unique_ptr<PqCodec> train(const std::vector<float>& sample, uint32_t dim, uint32_t sub_vectors) {
  ThreadPool pool(2);
  CancelFlag cancel;
  auto codec = PqCodec::train(sample.data(), sample.size() / dim, dim, Metric::kL2, sub_vectors, 1, pool, cancel);
  EXPECT_TRUE(codec.ok());
  return std::move(codec).value();
}

TEST(Pq, AnyNumberOfSubVectorsUpToTheDimension) {
  const uint32_t dim = 11;
  const auto sample = random_sample(300, dim, 2);
  for (uint32_t sub_vectors = 1; sub_vectors <= dim; ++sub_vectors) {
    const auto codec = train(sample, dim, sub_vectors);
    EXPECT_EQ(codec->name(), format("pq%ux8", sub_vectors));
    EXPECT_EQ(codec->memory_bytes(), dim * 256u * sizeof(float));
    EXPECT_EQ(codec->parameters().size(), 8 + dim * 256u * sizeof(float));
  }
}

// By the parameter block's own description: u32 sub-vectors, u32 dimension, codebooks by sub-vector,
// [element * 256 + centroid]; the first dim % sub-vectors are one element longer.
TEST(Pq, EncodesToTheNearestCentroidOfTheParameterBlock) {
  const uint32_t dim = 10, sub_vectors = 4;
  const auto sample = random_sample(1000, dim, 3);
  const auto codec = train(sample, dim, sub_vectors);
  const auto block = codec->parameters();
  EXPECT_EQ(load_le<uint32_t>(block.data()), sub_vectors);
  EXPECT_EQ(load_le<uint32_t>(block.data() + 4), dim);
  std::vector<float> books(dim * 256);
  std::memcpy(books.data(), block.data() + 8, books.size() * sizeof(float));
  const uint32_t begin[] = {0, 3, 6, 8, 10};
  for (size_t i = 0; i < 200; ++i) {
    const float* vector = sample.data() + i * dim;
    uint8_t code[sub_vectors];
    codec->encode(vector, code);
    std::vector<float> decoded(dim);
    codec->decode(code, decoded.data());
    for (uint32_t s = 0; s < sub_vectors; ++s) {
      const auto distance = [&](size_t c) {
        double sum = 0;
        for (uint32_t d = begin[s]; d < begin[s + 1]; ++d) {
          const double step = static_cast<double>(vector[d]) - static_cast<double>(books[d * 256 + c]);
          sum += step * step;
        }
        return sum;
      };
      double best = std::numeric_limits<double>::infinity();
      for (size_t c = 0; c < 256; ++c) best = std::min(best, distance(c));
      ASSERT_NEAR(distance(code[s]), best, 1e-5) << "vector " << i << ", sub-vector " << s;
      for (uint32_t d = begin[s]; d < begin[s + 1]; ++d) ASSERT_EQ(decoded[d], books[d * 256 + code[s]]);
    }
  }
}

TEST(Pq, RefusesNumbersThatAreNotFinite) {
  const auto sound = train(random_sample(300, 5, 4), 5, 2)->parameters();
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    for (size_t at = 8; at < sound.size(); at += 4 * 97) {
      auto damaged = sound;
      store_le<float>(damaged.data() + at, bad);
      ASSERT_EQ(PqCodec::from_parameters(5, Metric::kL2, 2, damaged).status().code(), Code::kCorrupt) << at;
    }
    auto damaged = sound;
    store_le<float>(damaged.data() + damaged.size() - 4, bad);
    EXPECT_EQ(PqCodec::from_parameters(5, Metric::kL2, 2, damaged).status().code(), Code::kCorrupt);
  }
}

}  // namespace
}  // namespace vamana
