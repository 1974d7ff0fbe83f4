#include "job/window_pruner.h"

#include <algorithm>

namespace vamana {

namespace {
constexpr size_t kGrain = 16;
}

Status WindowPruner::add(uint32_t node, std::span<const uint32_t> candidates) {
  if (nodes_.size() + candidates.size() + 1 > vectors_max_) VAMANA_TRY(finish());
  begins_.push_back(nodes_.size());
  nodes_.push_back(node);
  nodes_.insert(nodes_.end(), candidates.begin(), candidates.end());
  return Status();
}

Status WindowPruner::finish() {
  if (begins_.empty()) return Status();
  if (run_.cancel.cancelled()) return aborted_status("the build");
  const VectorFileShape& source = run_.options.source;
  distinct_ = nodes_;
  std::sort(distinct_.begin(), distinct_.end());
  distinct_.erase(std::unique(distinct_.begin(), distinct_.end()), distinct_.end());
  if (vectors_.data() == nullptr) {
    VAMANA_ASSIGN(vectors_, AlignedBuffer::create(vectors_max_ * run_.vector_bytes()));
  }
  VAMANA_TRY(run_.vectors->fetch(distinct_, vectors_.data(), run_.pool));
  const BuildSpace space(vectors_.data(), distinct_.size(), source.dim, source.element, run_.options.metric, run_.pool);
  begins_.push_back(nodes_.size());
  run_.pool.parallel_for(begins_.size() - 1, kGrain, [&](size_t begin, size_t end, size_t) {
    for (size_t i = begin; i < end; ++i) prune_list(space, {nodes_.data() + begins_[i], begins_[i + 1] - begins_[i]});
  });
  nodes_.clear();
  begins_.clear();
  return Status();
}

uint32_t WindowPruner::local(uint32_t node) const {
  return static_cast<uint32_t>(std::lower_bound(distinct_.begin(), distinct_.end(), node) - distinct_.begin());
}

// `nodes`: the node, then its candidates.
void WindowPruner::prune_list(const BuildSpace& space, std::span<const uint32_t> nodes) {
  const uint32_t target = local(nodes[0]);
  std::vector<Candidate> candidates;
  for (const uint32_t neighbour : nodes.subspan(1)) {
    const uint32_t at = local(neighbour);
    candidates.push_back({space.distance(at, target), at, false});
  }
  std::vector<uint32_t> kept;
  robust_prune(space, target, {run_.options.degree, run_.options.alpha}, candidates, kept);
  for (uint32_t& neighbour : kept) neighbour = distinct_[neighbour];
  run_.graph.set(nodes[0], kept);
}

}  // namespace vamana
