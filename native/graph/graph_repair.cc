#include "graph/graph_repair.h"

#include <algorithm>

#include "base/check.h"
#include "graph/packed_graph.h"

namespace vamana {

namespace {

// Nodes whose candidates are gathered before the pruner gets them: many threads gather, one hands over.
constexpr size_t kChunkNodes = 4096;
constexpr size_t kGrain = 64;

// One node's part of the work.
struct Gathered {
  std::vector<uint32_t> candidates;
  bool lost = false;  // it named a dead node
};

// Scratch of one thread.
struct GatherScratch {
  uint32_t own[kNeighbourRoom];
  uint32_t behind[kNeighbourRoom];
  std::vector<uint32_t> found;
};

// Keeps at most `count`, evenly chosen: of ascending nodes, which stand in an order of locality, no stretch is lost.
void thin_out(std::vector<uint32_t>& nodes, size_t count) {
  if (nodes.size() <= count) return;
  const size_t all = nodes.size();
  for (size_t i = 0; i < count; ++i) nodes[i] = nodes[i * all / count];
  nodes.resize(count);
}

// All that `node` names and that lives, then what the dead ones that it names do.
void gather(const OldLists& old, const Survivors& survivors, uint32_t node, GatherScratch& scratch, Gathered& out) {
  const uint32_t count = old(survivors.old_of[node], scratch.own);
  out.candidates.clear();
  out.lost = false;
  scratch.found.clear();
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t neighbour = survivors.new_of[scratch.own[i]];
    if (neighbour != kGone) {
      out.candidates.push_back(neighbour);
      continue;
    }
    out.lost = true;
    const uint32_t behind = old(scratch.own[i], scratch.behind);
    for (uint32_t k = 0; k < behind; ++k) {
      const uint32_t other = survivors.new_of[scratch.behind[k]];
      if (other != kGone && other != node) scratch.found.push_back(other);
    }
  }
  if (!out.lost) return;
  std::vector<uint32_t> own = out.candidates;
  std::sort(own.begin(), own.end());
  std::sort(scratch.found.begin(), scratch.found.end());
  scratch.found.erase(std::unique(scratch.found.begin(), scratch.found.end()), scratch.found.end());
  std::erase_if(scratch.found, [&](uint32_t other) { return std::binary_search(own.begin(), own.end(), other); });
  thin_out(scratch.found, kPruneCandidatesMax - out.candidates.size());
  out.candidates.insert(out.candidates.end(), scratch.found.begin(), scratch.found.end());
}

}  // namespace

Survivors Survivors::of(uint64_t rows, const BitChunks& dead) {
  Survivors survivors;
  survivors.new_of.resize(rows);
  survivors.old_of.reserve(rows - dead.count(0, rows));
  for (uint64_t node = 0; node < rows; ++node) {
    const bool gone = dead.test(static_cast<uint32_t>(node));
    survivors.new_of[node] = gone ? kGone : static_cast<uint32_t>(survivors.old_of.size());
    if (!gone) survivors.old_of.push_back(static_cast<uint32_t>(node));
  }
  return survivors;
}

Result<RepairedLists> repair_lists(const OldLists& old, const Survivors& survivors, uint32_t degree, BuildGraph& graph,
                                   ListPruner& pruner, ThreadPool& pool, const CancelFlag& cancel,
                                   const std::function<void(uint64_t, uint64_t)>& on_progress) {
  static_assert(kMaxDegree < kPruneCandidatesMax, "a node's own neighbours are never thinned out");
  const uint64_t nodes = survivors.old_of.size();
  RepairedLists repaired;
  std::vector<Gathered> chunk(std::min<uint64_t>(kChunkNodes, nodes));
  std::vector<GatherScratch> scratch(pool.threads());
  for (uint64_t first = 0; first < nodes; first += kChunkNodes) {
    if (cancel.cancelled()) return aborted_status("the repair of the graph");
    const uint64_t count = std::min<uint64_t>(kChunkNodes, nodes - first);
    pool.parallel_for(count, kGrain, [&](size_t begin, size_t end, size_t worker) {
      for (size_t i = begin; i < end; ++i) {
        gather(old, survivors, static_cast<uint32_t>(first + i), scratch[worker], chunk[i]);
      }
    });
    for (uint64_t i = 0; i < count; ++i) {
      const auto node = static_cast<uint32_t>(first + i);
      const Gathered& gathered = chunk[i];
      repaired.repaired += gathered.lost;
      if (gathered.lost && gathered.candidates.size() < orphan_candidates(degree)) repaired.orphans.push_back(node);
      if (gathered.candidates.size() > degree) {
        VAMANA_TRY(pruner.add(node, gathered.candidates));
      } else {
        graph.set(node, gathered.candidates);
      }
    }
    on_progress(first + count, nodes);
  }
  VAMANA_TRY(pruner.finish());
  return repaired;
}

std::vector<uint32_t> surviving_entries(const OldLists& old, const Survivors& survivors,
                                        std::span<const uint32_t> entries) {
  VAMANA_CHECK(!survivors.old_of.empty());
  std::vector<uint32_t> alive;
  const auto take = [&](uint32_t node) {
    if (std::find(alive.begin(), alive.end(), node) == alive.end()) alive.push_back(node);
  };
  std::vector<bool> seen;
  uint32_t list[kNeighbourRoom];
  for (const uint32_t entry : entries) {
    if (survivors.new_of[entry] != kGone) {
      take(survivors.new_of[entry]);
      continue;
    }
    seen.assign(survivors.new_of.size(), false);
    seen[entry] = true;
    std::vector<uint32_t> open{entry};
    uint32_t found = kGone;
    for (size_t at = 0; at < open.size() && found == kGone; ++at) {
      const uint32_t count = old(open[at], list);
      for (uint32_t i = 0; i < count && found == kGone; ++i) {
        if (seen[list[i]]) continue;
        seen[list[i]] = true;
        found = survivors.new_of[list[i]];
        open.push_back(list[i]);
      }
    }
    if (found != kGone) take(found);
  }
  if (alive.empty()) alive.push_back(0);
  return alive;
}

}  // namespace vamana
