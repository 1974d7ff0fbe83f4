#include "job/code_links.h"

#include <algorithm>

namespace vamana {

namespace {

constexpr uint64_t kWindowBytes = 1 << 20;
constexpr uint64_t kWindowRows = 1024;
constexpr size_t kGrain = 2;

uint64_t window_rows(const BuildOptions& options) {
  const uint64_t vector_bytes = uint64_t{options.source.dim} * element_bytes(options.source.element);
  return std::clamp<uint64_t>(kWindowBytes / vector_bytes, 1, kWindowRows);
}

}  // namespace

CodeLinks::CodeLinks(BuildRun& run, const MergeCodes& codes, WindowPruner& pruner) : run_(run), pruner_(pruner) {
  for (size_t i = 0; i < run.pool.threads(); ++i) scratch_.emplace_back(codes);
}

uint64_t CodeLinks::candidates_max(const BuildOptions& options) {
  return std::max<uint64_t>(kPruneCandidatesMax, 2ull * options.build_list);
}

uint64_t CodeLinks::bytes(const BuildOptions& options) {
  const uint64_t vector_bytes = uint64_t{options.source.dim} * element_bytes(options.source.element);
  return window_rows(options) * (vector_bytes + 2 * candidates_max(options) * sizeof(uint32_t));
}

Status CodeLinks::give_lists(std::span<const uint32_t> batch, BuildGraph& graph) {
  const uint64_t window = window_rows(run_.options);
  vectors_.resize(window * run_.vector_bytes());
  found_.resize(window);
  for (size_t first = 0; first < batch.size(); first += window) {
    const auto nodes = batch.subspan(first, std::min<uint64_t>(window, batch.size() - first));
    VAMANA_TRY(run_.vectors->fetch(nodes, vectors_.data(), run_.pool));
    run_.pool.parallel_for(nodes.size(), kGrain, [&](size_t begin, size_t end, size_t worker) {
      for (size_t i = begin; i < end; ++i) {
        search(nodes[i], vectors_.data() + i * run_.vector_bytes(), graph, scratch_[worker], found_[i]);
      }
    });
    // Lists of the batch are set while others of it are still searched for. Those of fresh rows are not seen, for
    // nothing names them yet; an orphan's may be, which depends on the windows alone.
    for (size_t i = 0; i < nodes.size(); ++i) VAMANA_TRY(pruner_.add(nodes[i], found_[i]));
    VAMANA_TRY(pruner_.finish());
  }
  return Status();
}

// What the search for a node expanded, by the nearest first where it is too much.
void CodeLinks::search(uint32_t node, const uint8_t* vector, const BuildGraph& graph, WorkerScratch& scratch,
                       std::vector<uint32_t>& found) const {
  scratch.wide.resize(run_.options.source.dim);
  run_.widen(vector, scratch.wide.data());
  scratch.space.aim(scratch.wide.data());
  greedy_search(scratch.space, graph, std::span<const uint32_t>(run_.entries), node, run_.options.build_list,
                scratch.greedy);
  std::vector<Candidate>& expanded = scratch.greedy.expanded;
  std::erase_if(expanded, [&](const Candidate& candidate) { return candidate.node == node; });
  const uint64_t most = candidates_max(run_.options);
  if (expanded.size() > most) {
    std::sort(expanded.begin(), expanded.end(), [](const Candidate& a, const Candidate& b) { return a.before(b); });
    expanded.resize(most);
  }
  found.clear();
  for (const Candidate& candidate : expanded) found.push_back(candidate.node);
}

Status CodeLinks::add_edges(std::span<const ReverseEdge> edges, std::span<const size_t> groups, BuildGraph& graph) {
  std::vector<uint32_t> merged;
  for (size_t g = 0; g + 1 < groups.size(); ++g) {
    const uint32_t target = edge_target(edges[groups[g]]);
    const auto list = graph.list(target);
    merged.assign(list.begin(), list.end());
    for (const ReverseEdge edge : edges.subspan(groups[g], groups[g + 1] - groups[g])) {
      const uint32_t source = edge_source(edge);
      if (std::find(list.begin(), list.end(), source) == list.end()) merged.push_back(source);
    }
    if (merged.size() <= graph.places()) {
      graph.set(target, merged);
      continue;
    }
    // Beyond what the pruner takes there is a crowd of fresh rows around one node; they have each other.
    if (merged.size() > candidates_max(run_.options)) merged.resize(candidates_max(run_.options));
    VAMANA_TRY(pruner_.add(target, merged));
  }
  return pruner_.finish();
}

Status CodeLinks::trim(BuildGraph& graph) {
  for (uint64_t i = 0; i < graph.rows(); ++i) {
    const auto node = static_cast<uint32_t>(i);
    if (graph.list(node).size() > run_.options.degree) VAMANA_TRY(pruner_.add(node, graph.list(node)));
  }
  return pruner_.finish();
}

}  // namespace vamana
