#include "io/page_map.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "base/prng.h"
#include "io/page_file.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

std::vector<PageRange> coalesced(std::vector<PageRange> ranges) {
  coalesce_ranges(&ranges);
  return ranges;
}

TEST(CoalesceRanges, MergesWhatTouchesOrOverlaps) {
  EXPECT_TRUE(coalesced({}).empty());
  EXPECT_TRUE(coalesced({{9, 2}, {1, 1}, {2, 3}, {5, 1}}) == (std::vector<PageRange>{{1, 5}, {9, 2}}));
  EXPECT_TRUE(coalesced({{4, 1}, {4, 1}, {3, 4}, {4, 2}}) == (std::vector<PageRange>{{3, 4}}));
  EXPECT_TRUE(coalesced({{0, 1}, {2, 1}}) == (std::vector<PageRange>{{0, 1}, {2, 1}}));
}

TEST(CoalesceRanges, CoversTheSamePagesAsBefore) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Prng prng(seed);
    std::vector<PageRange> ranges(1 + prng.below(40));
    std::vector<bool> wanted(120);
    for (auto& range : ranges) {
      range = {prng.below(100), 1 + prng.below(8)};
      for (uint64_t k = 0; k < range.pages; ++k) wanted[range.page + k] = true;
    }
    coalesce_ranges(&ranges);
    std::vector<bool> covered(120);
    for (size_t i = 0; i < ranges.size(); ++i) {
      // A gap stands between any two.
      if (i > 0) {
        ASSERT_GT(ranges[i].page, ranges[i - 1].page + ranges[i - 1].pages) << "seed " << seed;
      }
      for (uint64_t k = 0; k < ranges[i].pages; ++k) covered[ranges[i].page + k] = true;
    }
    ASSERT_EQ(covered, wanted) << "seed " << seed;
  }
}

// More ranges than one call takes, from several threads: advice changes nothing that can be seen.
TEST(PageMap, ConcurrentAdviceLeavesTheBytesAlone) {
  constexpr uint64_t kPages = 2600;
  const testing::TempDir dir;
  const auto content = testing::random_bytes(kPages * kPageBytes, 5);
  testing::write_file(dir.file("pages"), content);
  auto file = open_page_file(dir.file("pages"), Caching::kBuffered);
  ASSERT_TRUE(file.ok());
  const auto map = PageMap::open(file.value()->file, kPages);
  ASSERT_TRUE(map.ok()) << map.status().message();
  std::vector<PageRange> ranges;
  for (uint64_t page = 0; page < kPages; page += 2) ranges.push_back({page, 1});
  ASSERT_GT(ranges.size(), 1024u);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([&] { map.value()->will_need(ranges); });
  for (auto& thread : threads) thread.join();
  map.value()->will_need({});
  EXPECT_EQ(std::memcmp(map.value()->page(0), content.data(), content.size()), 0);
}

}  // namespace
}  // namespace vamana
