#include "job/partition_merge.h"

#include <algorithm>

#include "graph/build_space.h"
#include "graph/robust_prune.h"
#include "job/build_costs.h"

namespace vamana {

namespace {

// Lists that are too long, waiting for their vectors.
class PruneWindow {
 public:
  PruneWindow(BuildRun& run, uint64_t vectors_max) : run_(run), vectors_max_(vectors_max) {}

  // Prunes what waits when this list would be too much with it.
  Status add(uint32_t node, std::span<const uint32_t> list) {
    if (nodes_.size() + list.size() + 1 > vectors_max_) VAMANA_TRY(prune());
    begins_.push_back(nodes_.size());
    nodes_.push_back(node);
    nodes_.insert(nodes_.end(), list.begin(), list.end());
    return Status();
  }

  Status prune() {
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
    const BuildSpace space(vectors_.data(), distinct_.size(), source.dim, source.element, run_.options.metric,
                           run_.pool);
    begins_.push_back(nodes_.size());
    run_.pool.parallel_for(begins_.size() - 1, 16, [&](size_t begin, size_t end, size_t) {
      for (size_t i = begin; i < end; ++i) prune_list(space, {nodes_.data() + begins_[i], begins_[i + 1] - begins_[i]});
    });
    nodes_.clear();
    begins_.clear();
    return Status();
  }

 private:
  uint32_t local(uint32_t node) const {
    return static_cast<uint32_t>(std::lower_bound(distinct_.begin(), distinct_.end(), node) - distinct_.begin());
  }

  // `nodes`: the node, then its list.
  void prune_list(const BuildSpace& space, std::span<const uint32_t> nodes) {
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

  BuildRun& run_;
  const uint64_t vectors_max_;
  std::vector<uint32_t> nodes_;
  std::vector<size_t> begins_;
  std::vector<uint32_t> distinct_;
  AlignedBuffer vectors_;
};

}  // namespace

Status merge_lists(BuildRun& run, ListSpill& spill, const std::function<void(uint64_t done)>& on_progress) {
  const uint32_t degree = run.options.degree;
  std::vector<uint32_t> node_of(run.rows());
  for (uint64_t node = 0; node < run.rows(); ++node) node_of[run.row_of[node]] = static_cast<uint32_t>(node);
  for (uint32_t& entry : run.entries) entry = node_of[entry];
  VAMANA_ASSIGN(run.graph, BuildGraph::create(run.rows(), degree));
  PruneWindow window(run, merge_window_vectors(run.vector_bytes(), degree));
  std::vector<uint32_t> merged;
  for (uint64_t done = 0;; ++done) {
    uint32_t row = 0;
    std::span<const uint32_t> list;
    VAMANA_ASSIGN(const bool more, spill.next(&row, &list));
    if (!more) break;
    if (done % 4096 == 0) on_progress(done);
    const uint32_t node = node_of[row];
    const auto before = run.graph.list(node);
    merged.assign(before.begin(), before.end());
    for (const uint32_t neighbour : list) {
      const uint32_t other = node_of[neighbour];
      if (std::find(before.begin(), before.end(), other) == before.end()) merged.push_back(other);
    }
    if (merged.size() <= degree) {
      run.graph.set(node, merged);
    } else {
      VAMANA_TRY(window.add(node, merged));
    }
    if (run.cancel.cancelled()) return aborted_status("the build");
  }
  return window.prune();
}

}  // namespace vamana
