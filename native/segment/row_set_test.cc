// RowSet against std::set, and under several threads.
#include "segment/row_set.h"

#include <gtest/gtest.h>

#include <set>

#include "base/prng.h"
#include "base/thread_pool.h"

namespace vamana {
namespace {

TEST(RowSet, InsertsOnce) {
  RowSet rows;
  std::set<uint32_t> naive;
  Prng prng(4);
  for (int i = 0; i < 20000; ++i) {
    // Near and far, with repeats; both ends of the range.
    const auto row = static_cast<uint32_t>(i % 3 == 0 ? prng.below(5000) : (prng.below(4) << 30) + prng.below(5000));
    EXPECT_EQ(rows.insert(row), naive.insert(row).second) << "seed 4, row " << row;
  }
  EXPECT_TRUE(rows.insert(0xFFFFFFFFu));
  EXPECT_FALSE(rows.insert(0xFFFFFFFFu));
}

TEST(RowSet, ConcurrentInsertsGiveEachIdToOneThread) {
  constexpr size_t kIds = 40000, kTimes = 4;
  RowSet rows;
  ThreadPool pool(4);
  std::atomic<uint64_t> first{0};
  pool.parallel_for(kIds * kTimes, 64, [&](size_t begin, size_t end, size_t) {
    for (size_t i = begin; i < end; ++i) {
      if (rows.insert(static_cast<uint32_t>((i / kTimes) * 97))) first.fetch_add(1);
    }
  });
  EXPECT_EQ(first.load(), kIds);
}

}  // namespace
}  // namespace vamana
