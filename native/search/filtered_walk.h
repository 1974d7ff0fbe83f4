// The walk over the nodes that match, and only those: what it scores, keeps and expands matches. Where too few
// neighbours of a node do, it looks through the others at their neighbours, so that the matching nodes hang together
// though the graph was built over all (ACORN-1: Patel et al., SIGMOD 2024). It begins at a sample of matching nodes
// from all over, since the graph's own entry may lie among nodes that do not match.
//
// A header like walk.h, whose scratch it uses.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "search/walk.h"

namespace vamana {

// Matching new neighbours that are enough to go on with; below, the others are looked through.
constexpr uint32_t kEnoughDirect = 10;
// And so many are met at most in one expansion then.
constexpr uint32_t kFreshMost = 128;

// Lists on their way from memory while one is looked through.
constexpr uint32_t kListsAhead = 4;

enum class WalkEnd { kDone, kCancelled, kTooMuch };

// Fills scratch.beam with up to `list_size` matching nodes. kTooMuch, and the beam is not to be used, when more than
// `work_max` codes were scored and lists looked through. matches(node) says whether a node does.
template <typename Distance, typename Matches>
WalkEnd filtered_walk(const PackedGraph& graph, std::span<const uint32_t> entries, const Distance& distance,
                      size_t list_size, const Matches& matches, uint64_t work_max, const CancelFlag* cancel,
                      WalkScratch& scratch) {
  CandidateList& beam = scratch.beam;
  beam.reset(list_size);
  scratch.visited.reset(list_size * 40);
  scratch.hops = 0;
  scratch.scored = 0;
  uint64_t lists = 0;
  uint32_t fresh = 0;
  const auto offer = [&](uint32_t node) {
    distance.prefetch(node);
    scratch.fresh[fresh++] = node;
  };
  const auto score = [&] {
    distance(scratch.fresh, fresh, scratch.distances);
    scratch.scored += fresh;
    for (uint32_t i = 0; i < fresh; ++i) {
      if (beam.would_enter(scratch.distances[i])) beam.insert(scratch.distances[i], scratch.fresh[i]);
    }
    fresh = 0;
  };
  for (const uint32_t entry : entries) {
    if (scratch.visited.insert(entry)) offer(entry);
    if (fresh == kFreshMost) score();
  }
  Candidate current;
  for (;;) {
    score();
    if (!beam.pop_nearest(&current)) return WalkEnd::kDone;
    if (cancel != nullptr && cancel->cancelled()) return WalkEnd::kCancelled;
    if (scratch.scored + lists > work_max) return WalkEnd::kTooMuch;
    ++scratch.hops;

    uint32_t others = 0;
    const uint32_t count = graph.decode(current.node, scratch.neighbours);
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t neighbour = scratch.neighbours[i];
      if (matches(neighbour)) {
        if (scratch.visited.insert(neighbour)) offer(neighbour);
      } else {
        scratch.others[others++] = neighbour;
        graph.prefetch_directory(neighbour);
      }
    }
    if (fresh >= kEnoughDirect) continue;
    for (uint32_t at = 0; at < std::min(others, kListsAhead); ++at) graph.prefetch(scratch.others[at]);
    for (uint32_t at = 0; at < others && fresh < kFreshMost; ++at) {
      if (at + kListsAhead < others) graph.prefetch(scratch.others[at + kListsAhead]);
      // Only what is really looked through counts as visited.
      if (!scratch.visited.insert(scratch.others[at])) continue;
      const uint32_t beyond = graph.decode(scratch.others[at], scratch.neighbours);
      ++lists;
      for (uint32_t i = 0; i < beyond; ++i) {
        const uint32_t neighbour = scratch.neighbours[i];
        if (matches(neighbour) && scratch.visited.insert(neighbour)) offer(neighbour);
      }
    }
  }
}

}  // namespace vamana
