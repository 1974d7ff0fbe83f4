#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace vamana {
namespace {

TEST(ThreadPool, RunsEveryIndexOnceInChunksOfAtMostTheGrain) {
  for (const size_t threads : {1u, 2u, 3u, 8u}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const size_t count : {0u, 1u, 2u, 7u, 64u, 1000u}) {
      for (const size_t grain : {0u, 1u, 3u, 64u, 5000u}) {
        std::vector<std::atomic<int>> runs(count);
        std::atomic<bool> well_formed{true};
        pool.parallel_for(count, grain, [&](size_t begin, size_t end, size_t worker) {
          if (begin >= end || end > count || end - begin > std::max<size_t>(grain, 1) || worker >= threads) {
            well_formed = false;
          }
          for (size_t i = begin; i < end; ++i) runs[i].fetch_add(1);
        });
        EXPECT_TRUE(well_formed) << threads << " threads, count " << count << ", grain " << grain;
        for (size_t i = 0; i < count; ++i) ASSERT_EQ(runs[i], 1) << "index " << i << ", " << threads << " threads";
      }
    }
  }
}

TEST(ThreadPool, WorkerNumbersAreDistinctAmongConcurrentCalls) {
  constexpr size_t kThreads = 4;
  ThreadPool pool(kThreads);
  std::atomic<bool> clash{false};
  std::vector<std::atomic<bool>> busy(kThreads);
  pool.parallel_for(2000, 1, [&](size_t, size_t, size_t worker) {
    if (busy[worker].exchange(true)) clash = true;
    std::this_thread::yield();
    busy[worker] = false;
  });
  EXPECT_FALSE(clash);
}

TEST(ThreadPool, WorkIsSharedAmongThreads) {
  ThreadPool pool(2);
  // The first chunk waits for the second, which only another thread can run.
  std::atomic<bool> second_ran{false};
  pool.parallel_for(2, 1, [&](size_t begin, size_t, size_t) {
    if (begin == 1) second_ran = true;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!second_ran && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  });
  EXPECT_TRUE(second_ran);
}

TEST(ThreadPool, WritesOfALoopAreSeenAfterItAndByTheNext) {
  ThreadPool pool(3);
  std::vector<uint64_t> values(5000, 1);
  for (int round = 0; round < 50; ++round) {
    pool.parallel_for(values.size(), 16, [&](size_t begin, size_t end, size_t) {
      for (size_t i = begin; i < end; ++i) values[i] += i;
    });
  }
  for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], 1 + 50 * i);
}

TEST(ThreadPool, EveryChunkIsAnnounced) {
  for (const size_t threads : {1u, 3u}) {
    ThreadPool pool(threads);
    std::atomic<int> announced{0}, run{0};
    pool.set_before_chunk([&] { ++announced; });
    pool.parallel_for(100, 7, [&](size_t, size_t, size_t) { EXPECT_LT(run.fetch_add(1), announced.load()); });
    EXPECT_EQ(announced, 15);
  }
}

TEST(ThreadPool, AnUnusedPoolStops) {
  for (int i = 0; i < 20; ++i) ThreadPool pool(4);
}

}  // namespace
}  // namespace vamana
