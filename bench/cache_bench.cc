// Compares the page cache's policy, W-TinyLFU (segment/tiny_lfu_shard.h), with LRU (lru_shard.h) at equal
// numbers of slots: hit rates for caches of 1% to 25% of the slots, and nanoseconds a request.
//
//   vamana_cache_bench INDEX QUERIES [LIST_SIZE]   made-up traces, and those of walks through an index
//   vamana_cache_bench                             made-up traces only
//
// A request is a lookup, and an insertion when that misses. Hits are counted over the second half of a trace,
// when the cache is warm. docs/page-cache.md tells what came out.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>
#include <vector>

#include "base/aligned_buffer.h"
#include "cache_traces.h"
#include "lru_shard.h"
#include "segment/page_cache.h"
#include "segment/tiny_lfu_shard.h"

namespace vamana::bench {
namespace {

constexpr uint32_t kPercents[] = {1, 5, 10, 25};
constexpr uint64_t kDefaultSlots = 32768;
constexpr uint64_t kRequestsASlot = 20;
constexpr uint64_t kRepeatedQueries = 50000;
constexpr uint64_t kShiftEvery = 5000;
constexpr uint64_t kTimedRequests = 200000;
constexpr uint32_t kRounds = 5;

struct NamedTrace {
  const char* name;
  Trace requests;
};

// As PageCache divides slots over shards, locks and copies, with any shard and a capacity in slots.
template <class Policy>
class Cache {
 public:
  Cache(uint64_t slots, uint32_t slot_bytes)
      : slot_bytes_(slot_bytes), shards_(std::make_unique<Shard[]>(PageCache::kShards)) {
    const uint64_t entries = std::max<uint64_t>(1, slots / PageCache::kShards);
    for (uint32_t i = 0; i < PageCache::kShards; ++i) {
      shards_[i].policy.configure(static_cast<uint32_t>(entries), slot_bytes);
    }
  }

  bool lookup(uint64_t slot, uint8_t* to) {
    Shard& shard = shards_[PageCache::shard_of(slot)];
    std::lock_guard lock(shard.mutex);
    const uint8_t* found = shard.policy.find(slot);
    if (found != nullptr) std::memcpy(to, found, slot_bytes_);
    return found != nullptr;
  }

  void insert(uint64_t slot, const uint8_t* data) {
    Shard& shard = shards_[PageCache::shard_of(slot)];
    std::lock_guard lock(shard.mutex);
    uint8_t* room = shard.policy.place(slot);
    if (room != nullptr) std::memcpy(room, data, slot_bytes_);
  }

 private:
  struct alignas(64) Shard {
    std::mutex mutex;
    Policy policy;
  };
  uint32_t slot_bytes_;
  std::unique_ptr<Shard[]> shards_;
};

template <class Policy>
uint64_t replay(Cache<Policy>& cache, const uint64_t* first, const uint64_t* last, uint8_t* buffer) {
  uint64_t hits = 0;
  for (; first != last; ++first) {
    if (cache.lookup(*first, buffer)) {
      ++hits;
    } else {
      cache.insert(*first, buffer);
    }
  }
  return hits;
}

// Per cent of the second half. What a slot holds does not matter, so it is small.
template <class Policy>
double hit_percent(const Trace& trace, uint64_t cache_slots) {
  constexpr uint32_t kSmallSlot = 64;
  uint8_t buffer[kSmallSlot] = {};
  Cache<Policy> cache(cache_slots, kSmallSlot);
  const uint64_t* const middle = trace.data() + trace.size() / 2;
  const uint64_t* const end = trace.data() + trace.size();
  replay(cache, trace.data(), middle, buffer);
  return 100.0 * static_cast<double>(replay(cache, middle, end, buffer)) / static_cast<double>(end - middle);
}

// Nanoseconds of processor time a request (wall time would count the machine's other work), with slots of 4 KiB and
// the cache warm: the best of several rounds over the trace's beginning.
template <class Policy>
double nanoseconds(const Trace& trace, uint64_t cache_slots) {
  constexpr uint32_t kSlotBytes = 4096;
  std::vector<uint8_t> buffer(kSlotBytes);
  Cache<Policy> cache(cache_slots, kSlotBytes);
  const uint64_t requests = std::min<uint64_t>(trace.size(), kTimedRequests);
  const auto round = [&] { replay(cache, trace.data(), trace.data() + requests, buffer.data()); };
  round();
  double best = 1e30;
  for (uint32_t i = 0; i < kRounds; ++i) {
    const std::clock_t start = std::clock();
    round();
    best = std::min(best, 1e9 / CLOCKS_PER_SEC * static_cast<double>(std::clock() - start));
  }
  return best / static_cast<double>(requests);
}

void print_title(const char* first, const char* unit) {
  std::printf("%-36s", first);
  for (const uint32_t percent : kPercents) std::printf(" %9u%%          ", percent);
  std::printf("\n%-36s", unit);
  for (size_t i = 0; i < std::size(kPercents); ++i) std::printf(" %9s %9s ", "LRU", "TinyLFU");
  std::printf("\n");
}

void compare(const std::vector<NamedTrace>& traces, uint64_t slots) {
  std::printf("%llu slots; cache of\n", static_cast<unsigned long long>(slots));
  print_title("", "hits, % of requests");
  for (const NamedTrace& trace : traces) {
    std::printf("%-36s", trace.name);
    for (const uint32_t percent : kPercents) {
      const uint64_t cached = slots * percent / 100;
      std::printf(" %9.2f %9.2f ", hit_percent<LruShard>(trace.requests, cached),
                  hit_percent<TinyLfuShard>(trace.requests, cached));
      std::fflush(stdout);
    }
    std::printf("\n");
  }
  std::printf("\n");
  print_title("", "ns a request, 4 KiB slots");
  for (const NamedTrace& trace : traces) {
    std::printf("%-36s", trace.name);
    for (const uint32_t percent : kPercents) {
      const uint64_t cached = slots * percent / 100;
      std::printf(" %9.0f %9.0f ", nanoseconds<LruShard>(trace.requests, cached),
                  nanoseconds<TinyLfuShard>(trace.requests, cached));
      std::fflush(stdout);
    }
    std::printf("\n");
  }
}

std::vector<NamedTrace> made_up_traces(uint64_t slots) {
  const uint64_t length = slots * kRequestsASlot;
  return {{"slots, uniform", zipf_slots(slots, 0, length, 1)},
          {"slots, Zipf 0.8", zipf_slots(slots, 0.8, length, 2)},
          {"slots, Zipf 1.0", zipf_slots(slots, 1.0, length, 3)},
          {"slots, Zipf 1.2", zipf_slots(slots, 1.2, length, 4)}};
}

void add_walks(const Recording& recording, std::vector<NamedTrace>& traces) {
  traces.push_back({"walks, each query once, in order", each_query_once(recording)});
  traces.push_back({"walks, each query once, shuffled", each_query_once_shuffled(recording, 10)});
  traces.push_back({"walks, queries uniform", repeated_queries(recording, 0, kRepeatedQueries, 0, 5)});
  traces.push_back({"walks, queries Zipf 0.8", repeated_queries(recording, 0.8, kRepeatedQueries, 0, 6)});
  traces.push_back({"walks, queries Zipf 1.0", repeated_queries(recording, 1.0, kRepeatedQueries, 0, 7)});
  traces.push_back({"walks, queries Zipf 1.2", repeated_queries(recording, 1.2, kRepeatedQueries, 0, 8)});
  traces.push_back(
      {"walks, Zipf 1.0, others every 5000", repeated_queries(recording, 1.0, kRepeatedQueries, kShiftEvery, 9)});
}

int run(int argc, char** argv) {
  if (argc == 2 || argc > 4) {
    std::fprintf(stderr, "usage: vamana_cache_bench [INDEX QUERIES.u8bin|.i8bin|.fbin [LIST_SIZE]]\n");
    return 2;
  }
  if (argc == 1) {
    compare(made_up_traces(kDefaultSlots), kDefaultSlots);
    return 0;
  }
  const int list_size = argc == 4 ? std::atoi(argv[3]) : 64;
  auto recording = record_walks(argv[1], argv[2], static_cast<uint32_t>(std::max(1, list_size)));
  if (!recording.ok()) {
    std::fprintf(stderr, "error %s: %s\n", code_name(recording.status().code()).data(),
                 recording.status().message().c_str());
    return 1;
  }
  std::vector<NamedTrace> traces = made_up_traces(recording.value().slots);
  add_walks(recording.value(), traces);
  compare(traces, recording.value().slots);
  return 0;
}

}  // namespace
}  // namespace vamana::bench

int main(int argc, char** argv) { return vamana::bench::run(argc, argv); }
