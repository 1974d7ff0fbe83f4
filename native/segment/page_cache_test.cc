#include "segment/page_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <list>
#include <map>
#include <thread>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/coding.h"
#include "base/prng.h"
#include "segment/frequency_sketch.h"
#include "segment/tiny_lfu_shard.h"

namespace vamana {
namespace {

constexpr uint32_t kSlotBytes = 4096;

// What a slot holds: its number and a version, all over.
std::vector<uint8_t> slot_data(uint64_t slot, uint64_t version, uint32_t bytes = kSlotBytes) {
  std::vector<uint8_t> data(bytes);
  for (uint32_t i = 0; i + 8 <= bytes; i += 8) store_le(data.data() + i, slot * 1000003 + version);
  return data;
}

// The policy told in lists, one a shard: newest first, searched from the front. Only the sketch is the shard's
// own; it has a test of its own.
class NaiveShard {
 public:
  explicit NaiveShard(uint32_t capacity)
      : capacity_(capacity), memory_(AlignedBuffer::create(FrequencySketch::bytes(capacity)).value()) {
    sketch_.configure(capacity, reinterpret_cast<uint64_t*>(memory_.data()));
  }

  const uint64_t* lookup(uint64_t slot) {
    if (versions_.empty()) return nullptr;
    sketch_.count(slot);
    const auto found = versions_.find(slot);
    if (found == versions_.end()) return nullptr;
    promote(slot);
    return &found->second;
  }

  void insert(uint64_t slot, uint64_t version) {
    if (versions_.count(slot) != 0) {
      promote(slot);
    } else {
      if (versions_.size() == capacity_) evict();
      window_.push_front(slot);
      if (window_.size() > TinyLfuShard::window_entries(capacity_)) demote(window_);
    }
    versions_[slot] = version;
  }

  uint64_t size() const { return versions_.size(); }

 private:
  using List = std::list<uint64_t>;

  void demote(List& from) {
    probation_.push_front(from.back());
    from.pop_back();
  }

  void promote(uint64_t slot) {
    const auto in_window = std::find(window_.begin(), window_.end(), slot);
    if (in_window != window_.end()) return window_.splice(window_.begin(), window_, in_window);
    probation_.remove(slot);
    protected_.remove(slot);
    protected_.push_front(slot);
    if (protected_.size() > TinyLfuShard::protected_entries(capacity_)) demote(protected_);
  }

  void evict() {
    List& rest = probation_.empty() ? protected_ : probation_;
    const bool better = !rest.empty() && sketch_.estimate(window_.back()) > sketch_.estimate(rest.back());
    List& loser = better ? rest : window_;
    versions_.erase(loser.back());
    loser.pop_back();
    if (better) demote(window_);
  }

  uint32_t capacity_;
  AlignedBuffer memory_;
  FrequencySketch sketch_;
  List window_, probation_, protected_;
  std::map<uint64_t, uint64_t> versions_;
};

TEST(PageCache, BehavesAsTheNaivePolicyInEachShard) {
  struct Size {
    uint64_t kilobytes;
    uint32_t slot_bytes;
  };
  // From one entry a shard to some hundreds, of which several make up the window.
  for (const auto [kilobytes, slot_bytes] : {Size{80, 4096}, {200, 4096}, {1000, 4096}, {6000, 4096}, {600, 64}}) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      PageCache cache(kilobytes << 10, slot_bytes);
      ASSERT_TRUE(cache.enabled());
      const auto per_shard = static_cast<uint32_t>(cache.facts().capacity_slots / PageCache::kShards);
      std::vector<NaiveShard> model;
      for (uint32_t i = 0; i < PageCache::kShards; ++i) model.emplace_back(per_shard);
      Prng prng(seed);
      const uint64_t range = 1 + 2 * cache.facts().capacity_slots;
      const uint64_t steps = 10000 + 8 * cache.facts().capacity_slots;
      uint64_t hits = 0, misses = 0;
      std::vector<uint8_t> got(slot_bytes);
      for (uint64_t step = 0; step < steps; ++step) {
        // A part of the slots is asked for more often, as the entry's neighbourhood is.
        const uint64_t slot = prng.below(2) == 0 ? prng.below(range) : prng.below(1 + range / 8);
        NaiveShard& shard = model[PageCache::shard_of(slot)];
        if (prng.below(3) == 0) {
          cache.insert(slot, slot_data(slot, step, slot_bytes).data());
          shard.insert(slot, step);
          continue;
        }
        const uint64_t* version = shard.lookup(slot);
        ++(version != nullptr ? hits : misses);
        ASSERT_EQ(cache.lookup(slot, got.data()), version != nullptr) << "seed " << seed << ", step " << step;
        if (version != nullptr) {
          ASSERT_EQ(got, slot_data(slot, *version, slot_bytes)) << "seed " << seed << ", step " << step;
        }
      }
      uint64_t used = 0;
      for (const auto& shard : model) used += shard.size();
      const auto facts = cache.facts();
      EXPECT_EQ(facts.hits, hits);
      EXPECT_EQ(facts.misses, misses);
      EXPECT_EQ(facts.used_slots, used);
      EXPECT_LE(facts.used_bytes, facts.capacity_bytes);
      EXPECT_GE(facts.used_bytes, used * slot_bytes);
    }
  }
}

TEST(PageCache, KeepsWhatIsWantedOftenThroughAScan) {
  PageCache cache(2 << 20, kSlotBytes);
  std::vector<uint8_t> got(kSlotBytes);
  const auto request = [&](uint64_t slot) {
    const bool hit = cache.lookup(slot, got.data());
    if (!hit) cache.insert(slot, slot_data(slot, 0).data());
    return hit;
  };
  const uint64_t often = cache.facts().capacity_slots / 4, scanned = cache.facts().capacity_slots * 4;
  for (int round = 0; round < 8; ++round) {
    for (uint64_t slot = 0; slot < often; ++slot) request(slot);
  }
  for (uint64_t slot = 0; slot < scanned; ++slot) request(1000000 + slot);
  uint64_t kept = 0;
  for (uint64_t slot = 0; slot < often; ++slot) kept += request(slot) ? 1 : 0;
  EXPECT_GT(kept, often * 9 / 10);
}

TEST(PageCache, FollowsAChangeOfWhatIsWantedOften) {
  PageCache cache(2 << 20, kSlotBytes);
  std::vector<uint8_t> got(kSlotBytes);
  const uint64_t often = cache.facts().capacity_slots / 2;
  uint64_t hits = 0;
  for (uint64_t phase = 0; phase < 4; ++phase) {
    for (int round = 0; round < 60; ++round) {
      hits = 0;
      for (uint64_t slot = phase * 100000; slot < phase * 100000 + often; ++slot) {
        if (cache.lookup(slot, got.data())) {
          ++hits;
        } else {
          cache.insert(slot, slot_data(slot, 0).data());
        }
      }
    }
    EXPECT_GT(hits, often * 9 / 10) << "phase " << phase;
  }
}

TEST(PageCache, FullUsesNearlyAllItsCapacityAndNoMore) {
  constexpr uint64_t kCapacity = 8 << 20;
  PageCache cache(kCapacity, kSlotBytes);
  const auto data = slot_data(1, 1);
  for (uint64_t slot = 0; slot < 10000; ++slot) cache.insert(slot, data.data());
  const auto facts = cache.facts();
  EXPECT_EQ(facts.used_slots, facts.capacity_slots);
  EXPECT_LE(facts.used_bytes, kCapacity);
  EXPECT_GT(facts.used_slots * kSlotBytes, kCapacity * 97 / 100);
}

TEST(PageCache, TooSmallForASlotAShardIsNoCache) {
  std::vector<uint8_t> got(kSlotBytes);
  for (const uint64_t capacity : {uint64_t{0}, uint64_t{1}, uint64_t{4096}, uint64_t{16 * 4096}}) {
    PageCache cache(capacity, kSlotBytes);
    EXPECT_FALSE(cache.enabled()) << capacity;
    cache.insert(3, slot_data(3, 0).data());
    EXPECT_FALSE(cache.lookup(3, got.data()));
    EXPECT_EQ(cache.facts().used_bytes, 0u);
    EXPECT_EQ(cache.facts().capacity_bytes, capacity);
  }
}

TEST(PageCache, OneSlotAShardWorks) {
  PageCache cache(16 * (4096 + 400), kSlotBytes);
  ASSERT_TRUE(cache.enabled());
  ASSERT_EQ(cache.facts().capacity_slots, 16u);
  std::vector<uint8_t> got(kSlotBytes);
  for (uint64_t slot = 0; slot < 100; ++slot) {
    cache.insert(slot, slot_data(slot, 0).data());
    ASSERT_TRUE(cache.lookup(slot, got.data()));
    ASSERT_EQ(got, slot_data(slot, 0));
  }
  EXPECT_EQ(cache.facts().used_slots, 16u);
}

TEST(PageCache, SlotsOfOtherSizes) {
  for (const uint32_t bytes : {64u, 12288u}) {
    PageCache cache(2 << 20, bytes);
    std::vector<uint8_t> got(bytes);
    for (uint64_t slot = 0; slot < 300; ++slot) cache.insert(slot << 40, slot_data(slot << 40, 1, bytes).data());
    uint64_t found = 0;
    for (uint64_t slot = 0; slot < 300; ++slot) {
      if (!cache.lookup(slot << 40, got.data())) continue;
      ++found;
      ASSERT_EQ(got, slot_data(slot << 40, 1, bytes));
    }
    EXPECT_GT(found, 100u) << bytes;
  }
}

TEST(PageCache, ShardsGetEqualShares) {
  for (const uint64_t stride : {1, 2, 16, 64, 4096}) {
    std::array<uint64_t, PageCache::kShards> counts{};
    for (uint64_t i = 0; i < 16000; ++i) ++counts[PageCache::shard_of(i * stride)];
    for (const uint64_t count : counts) {
      EXPECT_GT(count, 800u) << "stride " << stride;
      EXPECT_LT(count, 1200u) << "stride " << stride;
    }
  }
}

// A capacity beyond all memory costs nothing before it is used.
TEST(PageCache, AHugeCapacityIsNotTakenAtOnce) {
  PageCache cache(uint64_t{1} << 40, kSlotBytes);
  std::vector<uint8_t> got(kSlotBytes);
  cache.insert(5, slot_data(5, 0).data());
  if (cache.lookup(5, got.data())) {
    EXPECT_EQ(got, slot_data(5, 0));
  }
  EXPECT_LE(cache.facts().used_slots, 1u);
}

TEST(PageCache, ConcurrentUse) {
  PageCache cache(1 << 20, kSlotBytes);
  std::atomic<uint64_t> lookups{0};
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Prng prng(t + 1);
      std::vector<uint8_t> got(kSlotBytes);
      for (int step = 0; step < 3000; ++step) {
        const uint64_t slot = prng.below(400);
        if (cache.lookup(slot, got.data())) {
          ASSERT_EQ(got, slot_data(slot, 0));
        } else {
          cache.insert(slot, slot_data(slot, 0).data());
        }
        lookups.fetch_add(1, std::memory_order_relaxed);
        if (step % 500 == 0) {
          const auto facts = cache.facts();
          ASSERT_LE(facts.used_bytes, facts.capacity_bytes);
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto facts = cache.facts();
  EXPECT_EQ(facts.hits + facts.misses, lookups.load());
  EXPECT_GT(facts.hits, 0u);
}

}  // namespace
}  // namespace vamana
