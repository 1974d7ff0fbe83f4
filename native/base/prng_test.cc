#include "base/prng.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace vamana {
namespace {

// Written from the published reference code: splitmix64 for the seed, xoshiro256** for the numbers.
class Reference {
 public:
  explicit Reference(uint64_t seed) {
    for (auto& word : state_) {
      uint64_t z = (seed += 0x9e3779b97f4a7c15);
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      word = z ^ (z >> 31);
    }
  }
  uint64_t next() {
    const uint64_t scrambled = state_[1] * 5;
    const uint64_t result = ((scrambled << 7) | (scrambled >> 57)) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = (state_[3] << 45) | (state_[3] >> 19);
    return result;
  }

 private:
  std::array<uint64_t, 4> state_;
};

TEST(Prng, TheSeriesNeverChanges) {
  // Builds depend on it: the same seed must give the same index in every version.
  Prng zero(0);
  EXPECT_EQ(zero.next(), 0x99EC5F36CB75F2B4u);
  EXPECT_EQ(zero.next(), 0xBF6E1F784956452Au);
  for (const uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{42}, ~uint64_t{0}}) {
    Prng prng(seed);
    Reference reference(seed);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(prng.next(), reference.next()) << "seed " << seed << ", number " << i;
  }
}

TEST(Prng, BelowStaysBelowAndIsUniform) {
  Prng prng(7);
  for (const uint64_t bound : {uint64_t{1}, uint64_t{2}, uint64_t{10}, uint64_t{1} << 33, ~uint64_t{0}}) {
    for (int i = 0; i < 1000; ++i) ASSERT_LT(prng.below(bound), bound);
  }
  std::array<int, 10> counts{};
  for (int i = 0; i < 100000; ++i) ++counts[prng.below(10)];
  // Six standard deviations of a binomial count.
  for (const int count : counts) EXPECT_NEAR(count, 10000, 6 * std::sqrt(100000 * 0.1 * 0.9));
}

TEST(Prng, UniformLiesInTheHalfOpenInterval) {
  Prng prng(8);
  double sum = 0;
  for (int i = 0; i < 100000; ++i) {
    const double value = prng.uniform();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 6 * std::sqrt(1.0 / 12 / 100000));
}

TEST(Prng, GaussianHasTheMomentsOfTheStandardNormal) {
  Prng prng(9);
  constexpr int kCount = 200000;
  double sum = 0, squares = 0;
  int within_one = 0;
  for (int i = 0; i < kCount; ++i) {
    const double value = prng.gaussian();
    ASSERT_TRUE(std::isfinite(value));
    sum += value;
    squares += value * value;
    within_one += std::abs(value) < 1;
  }
  EXPECT_NEAR(sum / kCount, 0, 6 / std::sqrt(kCount));
  EXPECT_NEAR(squares / kCount, 1, 6 * std::sqrt(2.0 / kCount));
  EXPECT_NEAR(within_one / static_cast<double>(kCount), 0.6827, 0.006);
}

}  // namespace
}  // namespace vamana
