// The chunked bitmap against a plain set, over versions that must not disturb one another.
#include "base/bit_chunks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/prng.h"

namespace vamana {
namespace {

TEST(BitChunks, VersionsEqualPlainSets) {
  constexpr uint64_t kSeed = 20240802;
  SCOPED_TRACE(kSeed);
  Prng prng(kSeed);
  std::vector<BitChunks> versions(1);
  std::vector<std::set<uint32_t>> sets(1);
  for (int step = 0; step < 40; ++step) {
    std::vector<uint32_t> numbers;
    for (uint64_t i = prng.below(200); i > 0; --i) {
      // Near the edges of chunks and of the numbers, and anywhere in a few chunks.
      const auto chunk = static_cast<uint32_t>(prng.below(5)) * 65536u;
      const auto at = static_cast<uint32_t>(prng.below(70000));
      numbers.push_back(prng.below(10) == 0 ? 0xFFFFFFFEu - at : chunk + (prng.below(2) == 0 ? at : 65535 + at % 2));
    }
    const size_t from = prng.below(versions.size());
    versions.push_back(versions[from].with(numbers));
    sets.push_back(sets[from]);
    sets.back().insert(numbers.begin(), numbers.end());
  }
  for (size_t v = 0; v < versions.size(); ++v) {
    const BitChunks& version = versions[v];
    const std::set<uint32_t>& set = sets[v];
    ASSERT_EQ(version.count(), set.size());
    EXPECT_EQ(version.empty(), set.empty());
    for (uint32_t number : set) {
      ASSERT_TRUE(version.test(number)) << number;
      for (uint32_t near : {number - 1, number + 1}) ASSERT_EQ(version.test(near), set.contains(near)) << near;
    }
    for (int i = 0; i < 50; ++i) {
      const uint64_t a = prng.below(6 * 65536), b = prng.below(6 * 65536);
      const uint64_t first = std::min(a, b), end = i == 0 ? uint64_t{1} << 32 : std::max(a, b);
      std::vector<uint32_t> expected;
      std::copy_if(set.begin(), set.end(), std::back_inserter(expected),
                   [&](uint32_t n) { return n >= first && n < end; });
      ASSERT_EQ(version.count(first, end), expected.size()) << first << " " << end;
      ASSERT_EQ(version.members(first, end), expected) << first << " " << end;
    }
    const uint64_t end = prng.below(6 * 65536);
    std::vector<uint32_t> absent, expected;
    for (uint32_t number = 0; number < end; ++number) {
      if (!set.contains(number)) expected.push_back(number);
    }
    EXPECT_TRUE(version.for_each_absent(end, [&](uint32_t number) {
      absent.push_back(number);
      return true;
    }));
    ASSERT_EQ(absent, expected) << end;
  }
}

TEST(BitChunks, AVersionCopiesOnlyTheChunksItChanges) {
  std::vector<uint32_t> numbers;
  for (uint32_t chunk = 0; chunk < 20; ++chunk) numbers.push_back(chunk * 65536 + chunk);
  const BitChunks before = BitChunks().with(numbers);
  const uint32_t more[] = {3 * 65536 + 99, 7 * 65536 + 99, 3 * 65536 + 100, 5 * 65536 + 5};
  const BitChunks after = before.with(more);
  EXPECT_EQ(after.count(), before.count() + 3);
  EXPECT_EQ(after.chunks_shared_with(before), 18u);  // the last number was there already
  EXPECT_FALSE(before.test(more[0]));
}

TEST(BitChunks, ChunksThatAreAbsentCostNothing) {
  const uint32_t last = 0xFFFFFFFFu;
  const BitChunks one = BitChunks().with({&last, 1});
  EXPECT_TRUE(one.test(last));
  EXPECT_FALSE(one.test(0));
  EXPECT_LT(one.bytes(), (65536u * 16 * 2) + 10000);
  EXPECT_EQ(BitChunks().bytes(), 0u);
  EXPECT_FALSE(BitChunks().test(last));
  EXPECT_EQ(BitChunks().with({}).count(), 0u);
}

}  // namespace
}  // namespace vamana
