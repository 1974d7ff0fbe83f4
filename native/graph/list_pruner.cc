#include "graph/list_pruner.h"

namespace vamana {

namespace {
// Numbers that wait before they are worked off: enough for many threads, little beside a graph.
constexpr size_t kWaitingMax = 1 << 19;
constexpr size_t kGrain = 32;
}  // namespace

Status ExactPruner::add(uint32_t node, std::span<const uint32_t> candidates) {
  if (waiting_.size() + 1 + candidates.size() > kWaitingMax) VAMANA_TRY(finish());
  begins_.push_back(waiting_.size());
  waiting_.push_back(node);
  waiting_.insert(waiting_.end(), candidates.begin(), candidates.end());
  return Status();
}

Status ExactPruner::finish() {
  if (begins_.empty()) return Status();
  begins_.push_back(waiting_.size());
  pool_.parallel_for(begins_.size() - 1, kGrain, [&](size_t begin, size_t end, size_t worker) {
    WorkerScratch& scratch = scratch_[worker];
    for (size_t i = begin; i < end; ++i) {
      const uint32_t node = waiting_[begins_[i]];
      scratch.candidates.clear();
      for (size_t at = begins_[i] + 1; at < begins_[i + 1]; ++at) space_.prefetch(waiting_[at]);
      for (size_t at = begins_[i] + 1; at < begins_[i + 1]; ++at) {
        scratch.candidates.push_back({space_.distance(waiting_[at], node), waiting_[at], false});
      }
      robust_prune(space_, node, params_, scratch.candidates, scratch.kept);
      graph_.set(node, scratch.kept);
    }
  });
  waiting_.clear();
  begins_.clear();
  return Status();
}

uint64_t ExactPruner::bytes(uint32_t threads) {
  // Buffers grow by doubling, so up to twice what they hold.
  return 2 * kWaitingMax * (sizeof(uint32_t) + sizeof(size_t)) + 2 * threads * kPruneCandidatesMax * sizeof(Candidate);
}

}  // namespace vamana
