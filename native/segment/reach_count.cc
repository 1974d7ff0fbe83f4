#include "segment/reach_count.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <memory>
#include <mutex>
#include <vector>

#include "base/coding.h"

namespace vamana {

namespace {

constexpr size_t kGrain = 1024;

// One bit a node; set by many threads at once.
class NodeBits {
 public:
  explicit NodeBits(uint64_t nodes) : nodes_(nodes), words_(new std::atomic<uint64_t>[div_up(nodes, 64)]()) {}

  // True when this call was the one that set it.
  bool set(uint32_t node) {
    std::atomic<uint64_t>& word = words_[node / 64];
    const uint64_t mask = uint64_t{1} << (node % 64);
    // Most nodes are met many times: looking first leaves their cache lines shared.
    if ((word.load(std::memory_order_relaxed) & mask) != 0) return false;
    return (word.fetch_or(mask, std::memory_order_relaxed) & mask) == 0;
  }

  ReachCount missing() const {
    ReachCount out;
    for (uint64_t first = 0; first < nodes_; first += 64) {
      uint64_t absent = ~words_[first / 64].load(std::memory_order_relaxed);
      if (nodes_ - first < 64) absent &= (uint64_t{1} << (nodes_ - first)) - 1;
      if (absent == 0) continue;
      if (out.unreachable == 0) out.first_unreachable = static_cast<uint32_t>(first + std::countr_zero(absent));
      out.unreachable += static_cast<uint64_t>(std::popcount(absent));
    }
    return out;
  }

 private:
  const uint64_t nodes_;
  std::unique_ptr<std::atomic<uint64_t>[]> words_;
};

}  // namespace

// Breadth first, a step at a time: the nodes met first in this step are the next one. Which thread meets a
// node is left to chance, the set of nodes of a step is not.
Result<ReachCount> count_unreachable(const PackedGraph& graph, std::span<const uint32_t> entries, ThreadPool& pool,
                                     const CancelFlag& cancel) {
  NodeBits reached(graph.rows());
  std::vector<uint32_t> step, next;
  for (const uint32_t entry : entries) {
    if (reached.set(entry)) step.push_back(entry);
  }
  std::mutex mutex;
  while (!step.empty()) {
    next.clear();
    pool.parallel_for(step.size(), kGrain, [&](size_t begin, size_t end, size_t) {
      if (cancel.cancelled()) return;
      uint32_t neighbours[kNeighbourRoom];
      std::vector<uint32_t> own;
      for (size_t i = begin; i < end; ++i) {
        const uint32_t count = graph.decode(step[i], neighbours);
        std::copy_if(neighbours, neighbours + count, std::back_inserter(own),
                     [&](uint32_t node) { return reached.set(node); });
      }
      std::lock_guard lock(mutex);
      next.insert(next.end(), own.begin(), own.end());
    });
    if (cancel.cancelled()) return aborted_status("verifying");
    step.swap(next);
  }
  return reached.missing();
}

}  // namespace vamana
