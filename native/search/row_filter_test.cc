#include "search/row_filter.h"

#include <gtest/gtest.h>

#include <set>

#include "base/prng.h"
#include "testing/roaring_bytes.h"

namespace vamana {
namespace {

using testing::roaring_bytes;
using Rows = std::set<uint32_t>;

Rows random_rows(Prng& prng, uint32_t chunks, uint32_t most) {
  Rows rows;
  for (uint32_t chunk = 0; chunk < chunks; ++chunk) {
    const uint64_t base = prng.below(40) << 16;
    const uint64_t count = prng.below(most);
    for (uint64_t i = 0; i < count; ++i) rows.insert(static_cast<uint32_t>(base + prng.below(65536)));
    // A run, now and then to the end of its chunk.
    const uint64_t first = prng.below(65536), length = prng.below(300);
    for (uint64_t low = first; low < std::min<uint64_t>(65536, first + length); ++low) {
      rows.insert(static_cast<uint32_t>(base + low));
    }
  }
  return rows;
}

void expect_same(const RowFilter& filter, const Rows& rows, Prng& prng) {
  EXPECT_EQ(filter.count(), rows.size());
  for (const uint32_t row : rows) ASSERT_TRUE(filter.test(row)) << row;
  for (int i = 0; i < 2000; ++i) {
    const auto row = static_cast<uint32_t>(prng.below(uint64_t{42} << 16));
    ASSERT_EQ(filter.test(row), rows.contains(row)) << row;
  }
  EXPECT_FALSE(filter.test(0xFFFFFFFFu));
  for (int i = 0; i < 20; ++i) {
    auto first = static_cast<uint32_t>(prng.below(uint64_t{42} << 16));
    auto last = static_cast<uint32_t>(prng.below(uint64_t{42} << 16));
    if (i == 0) first = 0, last = 0xFFFFFFFFu;
    if (first > last) std::swap(first, last);
    const std::vector<uint32_t> expected(rows.lower_bound(first), rows.upper_bound(last));
    std::vector<uint32_t> found;
    filter.for_each(first, last, [&](uint32_t row) { found.push_back(row); });
    ASSERT_EQ(found, expected) << first << " to " << last;
    ASSERT_EQ(filter.count_within(first, last), expected.size());
  }
}

TEST(RowFilter, HoldsWhatWasWrittenInEveryForm) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Prng prng(seed);
    const Rows rows = random_rows(prng, static_cast<uint32_t>(seed % 7), seed % 3 == 0 ? 9000 : 90);
    for (const bool runs : {false, true}) {
      const auto filter = RowFilter::parse(roaring_bytes(rows, runs));
      ASSERT_TRUE(filter.ok()) << filter.status().message();
      expect_same(*filter.value(), rows, prng);
    }
  }
}

TEST(RowFilter, TakesTheWholeOfAChunkAndTheLastRow) {
  Rows rows;
  for (uint32_t low = 0; low < 65536; ++low) rows.insert(low);
  rows.insert(0xFFFFFFFEu);
  for (const bool runs : {false, true}) {
    const auto filter = RowFilter::parse(roaring_bytes(rows, runs));
    ASSERT_TRUE(filter.ok()) << filter.status().message();
    EXPECT_EQ(filter.value()->count(), 65537u);
    EXPECT_TRUE(filter.value()->test(0xFFFFFFFEu));
    EXPECT_FALSE(filter.value()->test(0xFFFFFFFFu));
    EXPECT_EQ(filter.value()->count_within(0, 65535), 65536u);
    EXPECT_EQ(filter.value()->count_within(0xFFFFFFFEu, 0xFFFFFFFFu), 1u);
  }
}

TEST(RowFilter, RefusesWhatIsNotExactlyOneBitmap) {
  Prng prng(5);
  for (const bool runs : {false, true}) {
    const std::vector<uint8_t> good = roaring_bytes(random_rows(prng, 5, 5000), runs);
    for (size_t length = 0; length < good.size(); length += 1 + length / 50) {
      const auto cut = RowFilter::parse(std::span(good).first(length));
      ASSERT_FALSE(cut.ok()) << length;
      EXPECT_EQ(cut.status().code(), Code::kInvalidArgument);
    }
    std::vector<uint8_t> longer = good;
    longer.push_back(0);
    EXPECT_FALSE(RowFilter::parse(longer).ok());
    // Changed bytes are refused or make another set; never anything worse, which the sanitizers watch.
    for (int i = 0; i < 3000; ++i) {
      std::vector<uint8_t> changed = good;
      changed[prng.below(i % 2 == 0 ? 64 : changed.size())] ^= static_cast<uint8_t>(1 + prng.below(255));
      const auto parsed = RowFilter::parse(changed);
      if (!parsed.ok()) continue;
      uint64_t members = 0;
      parsed.value()->for_each(0, 0xFFFFFFFFu, [&](uint32_t) { ++members; });
      EXPECT_EQ(members, parsed.value()->count());
    }
  }
}

}  // namespace
}  // namespace vamana
