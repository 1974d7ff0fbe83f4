// One thread appends, one links, four search, as in a collection that is written to: every answer must be a valid
// one. Meant for the thread sanitizer as much as for what it checks itself.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/prng.h"
#include "delta/delta_linker.h"
#include "delta/delta_search.h"
#include "testing/filled_delta.h"
#include "testing/naive_search.h"
#include "testing/sanitized.h"

namespace vamana {
namespace {

using testing::append_rows;
using testing::delta_row;
using testing::VectorSet;

constexpr uint32_t kRows = testing::kSanitized ? 1200 : 6000;
constexpr uint32_t kSearchers = 4;
constexpr uint32_t kK = 10;
constexpr uint32_t kList = 24;  // so short that a walk is taken from 384 linked rows on
bool live(uint32_t slot) { return slot % 5 != 3; }

struct Searcher {
  const Delta& delta;
  const VectorSet& set;
  const std::atomic<bool>& done;
  uint64_t seed;
  uint32_t searches = 0;
  uint32_t missed = 0;  // rows looked for by their own vector and not found

  void run() {
    DeltaScratch scratch;
    std::vector<DeltaHit> hits;
    Prng prng(seed);
    while (!done.load(std::memory_order_relaxed) || searches < 50) {
      const uint32_t all = delta.rows();
      if (all == 0) continue;
      // A snapshot may be as old as it likes.
      const auto visible = static_cast<uint32_t>(prng.below(4) == 0 ? 1 + prng.below(all) : all);
      const auto slot = static_cast<uint32_t>(prng.below(visible));
      delta_search(delta, visible, set.row(slot), kK, kList, live, scratch, hits);
      check(hits, visible, slot);
      if (::testing::Test::HasFailure()) return;
      ++searches;
    }
  }

  void check(const std::vector<DeltaHit>& hits, uint32_t visible, uint32_t slot) {
    const DistanceFn kernel = distance_kernel(Metric::kL2, set.element);
    for (size_t i = 0; i < hits.size(); ++i) {
      const std::optional<uint32_t> found = delta.slot_of(hits[i].row, visible);
      ASSERT_TRUE(found.has_value()) << "row " << hits[i].row << " with " << visible << " visible, seed " << seed;
      ASSERT_TRUE(live(*found)) << "dead slot " << *found << ", seed " << seed;
      ASSERT_EQ(hits[i].row, delta_row(*found));
      ASSERT_EQ(hits[i].distance, kernel(set.row(slot), set.row(*found), set.dim));
      if (i > 0) {
        ASSERT_TRUE(std::pair(hits[i - 1].distance, hits[i - 1].row) < std::pair(hits[i].distance, hits[i].row));
      }
    }
    if (visible > 100) {
      ASSERT_EQ(hits.size(), kK);
    }
    missed += live(slot) && (hits.empty() || hits[0].distance != 0);
  }
};

void append_slowly(Delta& delta, const VectorSet& set, DeltaLinker& linker, uint64_t seed) {
  Prng prng(seed);
  for (uint32_t begin = 0; begin < set.rows;) {
    const auto end = static_cast<uint32_t>(std::min<uint64_t>(set.rows, begin + 1 + prng.below(100)));
    ASSERT_TRUE(append_rows(delta, set, begin, end).ok());
    linker.wake();
    begin = end;
    // Not faster than linking by much, so that graph and tail are both searched all along.
    while (delta.linked() + 600 < begin) std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

TEST(DeltaThreads, ConcurrentAppendLinkAndSearch) {
  const uint64_t seed = 31;
  const VectorSet set = testing::make_vectors({.rows = kRows, .dim = 16, .seed = seed});
  const auto delta = testing::empty_delta(set.dim, set.element, Metric::kL2, 12);
  DeltaLinker linker;
  linker.add(delta);
  std::atomic<bool> done{false};
  std::vector<Searcher> searchers;
  for (uint32_t i = 0; i < kSearchers; ++i) searchers.push_back({*delta, set, done, seed + i});
  std::vector<std::thread> threads;
  for (Searcher& searcher : searchers) threads.emplace_back([&searcher] { searcher.run(); });
  append_slowly(*delta, set, linker, seed);
  EXPECT_TRUE(delta->link_all(CancelFlag()).ok());
  done.store(true);
  for (std::thread& thread : threads) thread.join();
  uint32_t searches = 0, missed = 0;
  for (const Searcher& searcher : searchers) {
    searches += searcher.searches;
    missed += searcher.missed;
  }
  EXPECT_EQ(delta->linked(), kRows);
  EXPECT_LE(missed, searches / 50) << searches << " searches, seed " << seed;
}

}  // namespace
}  // namespace vamana
