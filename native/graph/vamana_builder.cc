#include "graph/vamana_builder.h"

#include <algorithm>
#include <numeric>

#include "base/prng.h"
#include "graph/greedy_search.h"
#include "graph/reachability.h"

namespace vamana {

namespace {

// Nodes of one batch do not see each other, so a batch is at most this share of the whole; and never more
// than what is already linked.
constexpr double kBatchShare = 0.02;
constexpr size_t kSearchGrain = 32;
constexpr size_t kCommitGrain = 64;

struct WorkerScratch {
  GreedyScratch greedy;
  std::vector<Candidate> candidates;
  std::vector<uint32_t> pruned;
};

class Builder {
 public:
  Builder(const BuildSpace& space, const VamanaParams& params, ThreadPool& pool, BuildGraph graph)
      : space_(space), params_(params), pool_(pool), graph_(std::move(graph)), scratch_(pool.threads()) {
    medoid_ = find_medoid(space, pool);
  }

  Status run(const CancelFlag& cancel, const std::function<void(uint64_t, uint64_t)>& on_progress) {
    const uint64_t rows = space_.rows();
    std::vector<uint32_t> order(rows);
    std::iota(order.begin(), order.end(), 0u);
    std::swap(order[0], order[medoid_]);
    Prng prng(params_.seed);
    for (uint64_t i = rows; i > 2; --i) std::swap(order[i - 1], order[1 + prng.below(i - 1)]);
    const auto batch_max = std::max<uint64_t>(1, static_cast<uint64_t>(kBatchShare * static_cast<double>(rows)));
    for (uint64_t done = 1; done < rows;) {
      if (cancel.cancelled()) return aborted_status("the build");
      const uint64_t size = std::min({done, batch_max, rows - done});
      // In node order neighbours in space are searched for one after the other, so that what one search
      // brought into the cache serves the next.
      std::sort(order.begin() + static_cast<ptrdiff_t>(done), order.begin() + static_cast<ptrdiff_t>(done + size));
      insert_batch({order.data() + done, size});
      done += size;
      on_progress(done, rows);
    }
    trim();
    return Status();
  }

  VamanaResult finish() {
    const uint64_t repaired = make_reachable(space_, params_.prune, params_.build_list, medoid_, graph_);
    return VamanaResult{std::move(graph_), medoid_, repaired};
  }

 private:
  void insert_batch(std::span<const uint32_t> batch) {
    // Read phase: lists of the batch, then the reverse edges they ask for.
    out_.resize(batch.size() * params_.prune.degree);
    out_sizes_.resize(batch.size());
    pool_.parallel_for(batch.size(), kSearchGrain, [&](size_t begin, size_t end, size_t worker) {
      WorkerScratch& scratch = scratch_[worker];
      for (size_t i = begin; i < end; ++i) {
        greedy_search(space_, graph_, medoid_, batch[i], params_.build_list, scratch.greedy);
        robust_prune(space_, batch[i], params_.prune, scratch.greedy.expanded, scratch.pruned);
        std::copy(scratch.pruned.begin(), scratch.pruned.end(),
                  out_.begin() + static_cast<ptrdiff_t>(i * params_.prune.degree));
        out_sizes_[i] = static_cast<uint32_t>(scratch.pruned.size());
      }
    });
    // Commit phase, first half: each new node's own list.
    reverse_.clear();
    for (size_t i = 0; i < batch.size(); ++i) {
      const std::span<const uint32_t> list(out_.data() + i * params_.prune.degree, out_sizes_[i]);
      graph_.set(batch[i], list);
      for (const uint32_t target : list) reverse_.push_back(uint64_t{target} << 32 | batch[i]);
    }
    // Second half: reverse edges, grouped by the list they change.
    std::sort(reverse_.begin(), reverse_.end());
    groups_.clear();
    for (size_t i = 0; i < reverse_.size(); ++i) {
      if (i == 0 || reverse_[i] >> 32 != reverse_[i - 1] >> 32) groups_.push_back(i);
    }
    groups_.push_back(reverse_.size());
    pool_.parallel_for(groups_.size() - 1, kCommitGrain, [&](size_t begin, size_t end, size_t worker) {
      for (size_t g = begin; g < end; ++g)
        add_reverse({reverse_.data() + groups_[g], groups_[g + 1] - groups_[g]}, scratch_[worker]);
    });
  }

  // Adds the sources of `edges`, which share one target, to that target's list.
  void add_reverse(std::span<const uint64_t> edges, WorkerScratch& scratch) {
    const auto target = static_cast<uint32_t>(edges[0] >> 32);
    const auto list = graph_.list(target);
    scratch.pruned.assign(list.begin(), list.end());
    for (const uint64_t edge : edges) {
      const auto source = static_cast<uint32_t>(edge);
      if (std::find(list.begin(), list.end(), source) == list.end()) scratch.pruned.push_back(source);
    }
    if (scratch.pruned.size() > graph_.places()) prune_list(target, scratch);
    graph_.set(target, scratch.pruned);
  }

  // scratch.pruned: from all neighbours to those that are kept.
  void prune_list(uint32_t node, WorkerScratch& scratch) {
    scratch.candidates.clear();
    for (const uint32_t neighbour : scratch.pruned) space_.prefetch(neighbour);
    for (const uint32_t neighbour : scratch.pruned)
      scratch.candidates.push_back({space_.distance(neighbour, node), neighbour, false});
    robust_prune(space_, node, params_.prune, scratch.candidates, scratch.pruned);
  }

  // Brings every list down to the degree.
  void trim() {
    pool_.parallel_for(space_.rows(), 1024, [&](size_t begin, size_t end, size_t worker) {
      WorkerScratch& scratch = scratch_[worker];
      for (size_t i = begin; i < end; ++i) {
        const auto node = static_cast<uint32_t>(i);
        const auto list = graph_.list(node);
        if (list.size() <= params_.prune.degree) continue;
        scratch.pruned.assign(list.begin(), list.end());
        prune_list(node, scratch);
        graph_.set(node, scratch.pruned);
      }
    });
  }

  const BuildSpace& space_;
  const VamanaParams params_;
  ThreadPool& pool_;
  BuildGraph graph_;
  uint32_t medoid_ = 0;
  std::vector<WorkerScratch> scratch_;

  // Of the batch in hand.
  std::vector<uint32_t> out_;
  std::vector<uint32_t> out_sizes_;
  std::vector<uint64_t> reverse_;  // target << 32 | source
  std::vector<size_t> groups_;
};

}  // namespace

uint32_t build_places(uint32_t degree) { return degree + degree / 2 + 1; }

uint64_t vamana_scratch_bytes(uint64_t rows, const VamanaParams& params, uint32_t threads) {
  const auto batch = std::max<uint64_t>(1, static_cast<uint64_t>(kBatchShare * static_cast<double>(rows)));
  const uint64_t per_edge = sizeof(uint32_t) + sizeof(uint64_t) + sizeof(size_t);
  const uint64_t per_thread =
      uint64_t{params.build_list} * (24 * 2 * sizeof(uint32_t) + 16 * sizeof(Candidate)) + (1 << 16);
  return rows * sizeof(uint32_t) + 2 * batch * params.prune.degree * per_edge + threads * per_thread;
}

Result<VamanaResult> build_vamana(const BuildSpace& space, const VamanaParams& params, ThreadPool& pool,
                                  const CancelFlag& cancel,
                                  const std::function<void(uint64_t, uint64_t)>& on_progress) {
  VAMANA_ASSIGN(BuildGraph graph, BuildGraph::create(space.rows(), build_places(params.prune.degree)));
  Builder builder(space, params, pool, std::move(graph));
  VAMANA_TRY(builder.run(cancel, on_progress));
  return builder.finish();
}

}  // namespace vamana
