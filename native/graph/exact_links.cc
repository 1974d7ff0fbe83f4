#include "graph/exact_links.h"

#include <algorithm>

namespace vamana {

namespace {
// Some tenths of a millisecond each: between two chunks a job gives way to searches.
constexpr size_t kSearchGrain = 1;
constexpr size_t kCommitGrain = 8;
constexpr size_t kTrimGrain = 128;
}  // namespace

Status ExactLinks::give_lists(std::span<const uint32_t> batch, BuildGraph& graph) {
  const uint32_t degree = params_.prune.degree;
  out_.resize(batch.size() * degree);
  out_sizes_.resize(batch.size());
  pool_.parallel_for(batch.size(), kSearchGrain, [&](size_t begin, size_t end, size_t worker) {
    WorkerScratch& scratch = scratch_[worker];
    for (size_t i = begin; i < end; ++i) {
      greedy_search(space_, graph, entries_, batch[i], params_.build_list, scratch.greedy);
      robust_prune(space_, batch[i], params_.prune, scratch.greedy.expanded, scratch.pruned);
      std::copy(scratch.pruned.begin(), scratch.pruned.end(), out_.begin() + static_cast<ptrdiff_t>(i * degree));
      out_sizes_[i] = static_cast<uint32_t>(scratch.pruned.size());
    }
  });
  for (size_t i = 0; i < batch.size(); ++i) graph.set(batch[i], {out_.data() + i * degree, out_sizes_[i]});
  return Status();
}

Status ExactLinks::add_edges(std::span<const ReverseEdge> edges, std::span<const size_t> groups, BuildGraph& graph) {
  pool_.parallel_for(groups.size() - 1, kCommitGrain, [&](size_t begin, size_t end, size_t worker) {
    for (size_t g = begin; g < end; ++g) {
      add_to(edges.subspan(groups[g], groups[g + 1] - groups[g]), graph, scratch_[worker]);
    }
  });
  return Status();
}

Status ExactLinks::trim(BuildGraph& graph) {
  pool_.parallel_for(graph.rows(), kTrimGrain, [&](size_t begin, size_t end, size_t worker) {
    WorkerScratch& scratch = scratch_[worker];
    for (size_t i = begin; i < end; ++i) {
      const auto node = static_cast<uint32_t>(i);
      const auto list = graph.list(node);
      if (list.size() <= params_.prune.degree) continue;
      scratch.pruned.assign(list.begin(), list.end());
      prune_list(node, scratch);
      graph.set(node, scratch.pruned);
    }
  });
  return Status();
}

// Adds the sources of `edges`, which share one target, to that target's list.
void ExactLinks::add_to(std::span<const ReverseEdge> edges, BuildGraph& graph, WorkerScratch& scratch) {
  const uint32_t target = edge_target(edges[0]);
  const auto list = graph.list(target);
  scratch.pruned.assign(list.begin(), list.end());
  for (const ReverseEdge edge : edges) {
    const uint32_t source = edge_source(edge);
    if (std::find(list.begin(), list.end(), source) == list.end()) scratch.pruned.push_back(source);
  }
  if (scratch.pruned.size() > graph.places()) prune_list(target, scratch);
  graph.set(target, scratch.pruned);
}

// scratch.pruned: from all neighbours to those that are kept.
void ExactLinks::prune_list(uint32_t node, WorkerScratch& scratch) {
  scratch.candidates.clear();
  for (const uint32_t neighbour : scratch.pruned) space_.prefetch(neighbour);
  for (const uint32_t neighbour : scratch.pruned) {
    scratch.candidates.push_back({space_.distance(neighbour, node), neighbour, false});
  }
  robust_prune(space_, node, params_.prune, scratch.candidates, scratch.pruned);
}

}  // namespace vamana
