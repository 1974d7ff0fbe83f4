// The walk: greedy search over the packed graph, on code distances, in RAM. This file is the loop only; what
// scores a node is a parameter, and so is cancellation.
//
// It allocates nothing once its scratch has grown, and makes no virtual call.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "base/prefetch.h"
#include "codec/codec.h"
#include "graph/candidate_list.h"
#include "graph/packed_graph.h"
#include "graph/passing_list.h"
#include "graph/visited_set.h"

namespace vamana {

// Estimated distances from one query, whose table is prepared, to nodes.
class CodeDistance {
 public:
  CodeDistance(const Codec& codec, const CodeLayout& layout, const float* table)
      : score_(codec.scorer()), layout_(layout), table_(table) {}

  void prefetch(uint32_t node) const {
    prefetch_bytes(layout_.code(node), layout_.code_bytes);
  }
  void operator()(const uint32_t* nodes, size_t count, float* out) const { score_(table_, layout_, nodes, count, out); }

 private:
  const CodeScoreFn score_;
  const CodeLayout& layout_;
  const float* const table_;
};

// Scratch of one search thread. Made once because the sets are some tens of kilobytes that every query
// would otherwise allocate and clear anew.
struct WalkScratch {
  CandidateList beam;   // out: the nearest by code distance, ascending
  PassingList passing;  // its like for walks that pass through nodes
  VisitedSet visited;
  alignas(64) uint32_t neighbours[kNeighbourRoom];
  alignas(64) uint32_t fresh[2 * kNeighbourRoom];  // filtered walks gather those of several nodes
  alignas(64) uint32_t others[kNeighbourRoom];     // of filtered walks: neighbours that do not match
  alignas(64) float distances[2 * kNeighbourRoom];
  std::vector<uint32_t> stretches;  // of filtered walks: those that were scored
  uint32_t hops = 0;
  uint32_t scored = 0;
};

// The loop, over any graph that decodes and prefetches lists as PackedGraph does (bench/walk_bench.cc has another) and
// any beam that is reset already: insert(distance, node) puts a node into it, expanding() is called at every node that is
// expanded.
template <typename Graph, typename Distance, typename Beam, typename Insert, typename Expanding>
bool walk_beam(const Graph& graph, std::span<const uint32_t> entries, const Distance& distance, size_t list_size,
               const CancelFlag* cancel, WalkScratch& scratch, Beam& beam, const Insert& insert,
               Expanding&& expanding) {
  scratch.visited.reset(list_size * 20);
  scratch.hops = 0;
  scratch.scored = 0;
  uint32_t fresh = 0;
  for (const uint32_t entry : entries) {
    if (scratch.visited.insert(entry)) scratch.fresh[fresh++] = entry;
  }
  Candidate current;
  for (;;) {
    distance(scratch.fresh, fresh, scratch.distances);
    scratch.scored += fresh;
    for (uint32_t i = 0; i < fresh; ++i) {
      if (beam.would_enter(scratch.distances[i])) insert(scratch.distances[i], scratch.fresh[i]);
    }
    if (!beam.pop_nearest(&current)) return true;
    if (cancel != nullptr && cancel->cancelled()) return false;
    ++scratch.hops;
    expanding();

    const uint32_t count = graph.decode(current.node, scratch.neighbours);
    // The best of the rest is most often the next to be expanded: its list may travel meanwhile.
    uint32_t next;
    if (beam.peek_nearest(&next)) graph.prefetch(next);
    fresh = 0;
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t neighbour = scratch.neighbours[i];
      if (!scratch.visited.insert(neighbour)) continue;
      distance.prefetch(neighbour);
      scratch.fresh[fresh++] = neighbour;
    }
  }
}

// Does what is to be done once, at the first call where it is time.
template <typename Time, typename Do>
auto once_when(const Time& is_time, const Do& act) {
  return [is_time, &act, done = false]() mutable {
    if (done || !is_time()) return;
    done = true;
    act();
  };
}

// Fills scratch.beam with up to `list_size` nodes. Returns false when cancelled. REQUIRES entries.
//
// `on_settled()` is called once, when the `settled` nearest nodes of the beam have all been expanded for the first
// time (never when the beam ends shorter): most of them then stay to the end, while most of the walk is still to
// come, so that whoever wants to read them need not wait for it.
template <typename Graph, typename Distance, typename OnSettled>
bool walk(const Graph& graph, std::span<const uint32_t> entries, const Distance& distance, size_t list_size,
          const CancelFlag* cancel, WalkScratch& scratch, size_t settled, const OnSettled& on_settled) {
  CandidateList& beam = scratch.beam;
  beam.reset(list_size);
  return walk_beam(
      graph, entries, distance, list_size, cancel, scratch, beam,
      [&beam](float at, uint32_t node) { beam.insert(at, node); },
      once_when([&] { return beam.expanded_before() > settled; }, on_settled));
}

template <typename Graph, typename Distance>
bool walk(const Graph& graph, std::span<const uint32_t> entries, const Distance& distance, size_t list_size,
          const CancelFlag* cancel, WalkScratch& scratch) {
  return walk(graph, entries, distance, list_size, cancel, scratch, list_size, [] {});
}

// The same where some nodes do not count: they are passed through, as many as PassingList::reset() says, and the result
// is scratch.passing.counted(). counts(node) is asked once for each node that enters.
template <typename Distance, typename Counts, typename OnSettled>
bool walk_passing(const PackedGraph& graph, std::span<const uint32_t> entries, const Distance& distance,
                  size_t list_size, size_t pass_max, const Counts& counts, const CancelFlag* cancel,
                  WalkScratch& scratch, double pass_each, size_t settled, const OnSettled& on_settled) {
  PassingList& beam = scratch.passing;
  beam.reset(list_size, pass_max, pass_each);
  return walk_beam(
      graph, entries, distance, list_size, cancel, scratch, beam,
      [&](float at, uint32_t node) { beam.insert(at, node, counts(node)); },
      once_when([&] { return beam.counted().expanded_before() > settled; }, on_settled));
}

template <typename Distance, typename Counts>
bool walk_passing(const PackedGraph& graph, std::span<const uint32_t> entries, const Distance& distance,
                  size_t list_size, size_t pass_max, const Counts& counts, const CancelFlag* cancel,
                  WalkScratch& scratch) {
  return walk_passing(graph, entries, distance, list_size, pass_max, counts, cancel, scratch, PassingList::kAnyShare,
                      list_size, [] {});
}

}  // namespace vamana
