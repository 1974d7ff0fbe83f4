#include "segment/frequency_sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/prng.h"

namespace vamana {
namespace {

struct Sketch {
  explicit Sketch(uint32_t entries) : memory(AlignedBuffer::create(FrequencySketch::bytes(entries)).value()) {
    counters.configure(entries, reinterpret_cast<uint64_t*>(memory.data()));
  }
  AlignedBuffer memory;
  FrequencySketch counters;
};

TEST(FrequencySketch, NeverTooLowAndSeldomTooHigh) {
  for (const uint32_t entries : {1u, 7u, 64u, 1000u}) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      Sketch sketch(entries);
      Prng prng(seed);
      std::map<uint64_t, uint32_t> exact;
      // One short of the request that halves.
      for (uint32_t i = 0; i + 1 < 10 * entries; ++i) {
        const uint64_t slot = prng.below(2) == 0 ? prng.below(1 + entries / 8) : prng.below(2 * entries);
        sketch.counters.count(slot);
        ++exact[slot];
      }
      uint64_t too_high = 0;
      for (const auto& [slot, count] : exact) {
        const uint32_t estimate = sketch.counters.estimate(slot), wanted = std::min(count, FrequencySketch::kMost);
        ASSERT_GE(estimate, wanted) << "entries " << entries << ", seed " << seed << ", slot " << slot;
        too_high += estimate > wanted + 1 ? 1 : 0;
      }
      EXPECT_LE(too_high, exact.size() / 5) << "entries " << entries << ", seed " << seed;
    }
  }
}

TEST(FrequencySketch, NeighboursHaveCountersOfTheirOwn) {
  Sketch sketch(1000);
  for (uint64_t slot = 0; slot < 500; slot += 2) {
    for (int i = 0; i < 5; ++i) sketch.counters.count(slot);
  }
  uint32_t mistaken = 0;
  for (uint64_t slot = 1; slot < 500; slot += 2) mistaken += sketch.counters.estimate(slot) >= 5 ? 1 : 0;
  EXPECT_LT(mistaken, 10u);
}

TEST(FrequencySketch, ForgetsHalfEveryTenthRequestAnEntry) {
  Sketch sketch(4);
  for (int i = 0; i < 39; ++i) sketch.counters.count(7);
  EXPECT_EQ(sketch.counters.estimate(7), 15u);
  sketch.counters.count(7);
  EXPECT_EQ(sketch.counters.estimate(7), 7u);
  // The count of requests was halved too, so the next is twenty requests away.
  for (int i = 0; i < 19; ++i) sketch.counters.count(8);
  EXPECT_EQ(sketch.counters.estimate(8), 15u);
  EXPECT_EQ(sketch.counters.estimate(7), 7u);
  sketch.counters.count(8);
  EXPECT_EQ(sketch.counters.estimate(8), 7u);
  EXPECT_EQ(sketch.counters.estimate(7), 3u);
}

TEST(FrequencySketch, CostsAtMostWhatItSays) {
  for (uint32_t entries = 1; entries < 5000; ++entries) {
    ASSERT_LE(FrequencySketch::bytes(entries), 64 + 16 * uint64_t{entries}) << entries;
  }
}

}  // namespace
}  // namespace vamana
