// Search of one delta: a greedy walk over the linked graph with exact distances, then a scan of the visible rows
// that are not linked yet. Called by the search of a snapshot, once a delta and query.
//
// Work is bounded: nodes that do not count (dead, not visible yet) are passed through, up to one in kPassShare of the
// visible rows; a walk that would need more gives up and all visible rows are scanned instead, which is then the
// cheaper way, and exact. Deltas so small that a scan costs no more than a walk are scanned from the start.
//
// Thread safety: any number of searches, each with its own scratch, while rows are appended and linked.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "delta/delta.h"
#include "graph/passing_list.h"
#include "graph/visited_tags.h"
#include "kernels/kernels.h"

namespace vamana {

struct DeltaHit {
  float distance;
  uint32_t row;
};

// Scratch of one search thread. Made once because the sets are some tens of kilobytes that every query would
// otherwise allocate and clear anew.
struct DeltaScratch {
  PassingList beam;
  VisitedTags visited;
  std::vector<uint32_t> fresh;
  uint32_t hops = 0;    // nodes expanded
  uint32_t scored = 0;  // distances computed
};

namespace delta_detail {

// Scanning n rows costs about what expanding n / 32 nodes does: the rows of a scan come in order.
constexpr uint32_t kPassShare = 32;
// A walk scores about this many rows for each place of its list.
constexpr uint32_t kScoredPerPlace = 16;

template <typename Accept>
void walk(const Delta& delta, uint32_t countable, const uint8_t* query, const Accept& accept, DeltaScratch& scratch) {
  const DeltaMemory& memory = delta.memory();
  const DeltaGraph& graph = delta.graph();
  const DistanceFn kernel = distance_kernel(memory.metric(), memory.element());
  PassingList& beam = scratch.beam;
  // The graph as it is now: edges to rows that are linked while this runs are left alone.
  scratch.visited.bound(delta.linked());
  scratch.visited.reset();
  scratch.fresh.resize(std::max(memory.places(), DeltaEntries::kMost) + 1);
  uint32_t fresh = 0;
  uint32_t entries[DeltaEntries::kMost];
  const uint32_t entry_count = delta.entries().copy(entries);
  for (uint32_t i = 0; i < entry_count; ++i) {
    scratch.fresh[fresh] = entries[i];
    fresh += scratch.visited.insert(entries[i]);
  }
  Candidate current;
  float nearest = std::numeric_limits<float>::infinity();
  for (;;) {
    scratch.scored += fresh;
    for (uint32_t i = 0; i < fresh; ++i) {
      const uint32_t slot = scratch.fresh[i];
      const float distance = kernel(query, memory.vector(slot), memory.dim());
      if (!beam.would_enter(distance)) continue;
      beam.insert(distance, slot, slot < countable && accept(slot));
      if (distance < nearest) {
        nearest = distance;
        graph.prefetch(slot);
      }
    }
    if (!beam.pop_nearest(&current)) return;
    ++scratch.hops;
    // The next to be expanded is the best of the rest, or a neighbour that is nearer: its list may travel meanwhile.
    const Candidate* const next = beam.nearest();
    nearest = next == nullptr ? std::numeric_limits<float>::infinity() : next->distance;
    if (next != nullptr) graph.prefetch(next->node);
    // Whether a neighbour is new can not be foreseen, so no branch hangs on it.
    fresh = 0;
    for (const uint32_t slot : graph.list(current.node)) {
      scratch.fresh[fresh] = slot;
      fresh += scratch.visited.insert(slot);
    }
    for (uint32_t i = 0; i < fresh; ++i) memory.prefetch_vector(scratch.fresh[i]);
  }
}

template <typename Accept>
void scan(const Delta& delta, uint32_t begin, uint32_t end, const uint8_t* query, const Accept& accept,
          DeltaScratch& scratch) {
  const DistanceFn kernel = distance_kernel(delta.memory().metric(), delta.memory().element());
  CandidateList& beam = scratch.beam.counted();
  scratch.scored += end - begin;
  while (begin < end) {
    const uint32_t run_end = std::min(end, begin + delta.run(begin));
    const uint8_t* vector = delta.vector(begin);
    for (; begin < run_end; ++begin, vector += delta.vector_bytes()) {
      const float distance = kernel(query, vector, delta.memory().dim());
      if (beam.would_enter(distance) && accept(begin)) beam.insert(distance, begin);
    }
  }
}

}  // namespace delta_detail

// Fills `out` with up to k of the nearest rows among the first `visible` slots for which accept(slot) holds, nearest
// first, ties by lower row. `query`: elements of the delta's type; under cosine of any length. `list_size`: the beam,
// raised to k where below. REQUIRES visible <= delta.rows() as the caller has seen it, and k >= 1.
template <typename Accept>
void delta_search(const Delta& delta, uint32_t visible, const uint8_t* query, uint32_t k, uint32_t list_size,
                  const Accept& accept, DeltaScratch& scratch, std::vector<DeltaHit>& out) {
  const size_t limit = std::max(k, list_size);
  // What is linked from here on is met by the walk, but left to the scan: no row comes twice.
  const uint32_t linked = std::min(visible, delta.linked());
  scratch.hops = 0;
  scratch.scored = 0;
  scratch.beam.reset(limit, limit + visible / delta_detail::kPassShare);
  if (linked <= limit * delta_detail::kScoredPerPlace) {
    delta_detail::scan(delta, 0, visible, query, accept, scratch);
  } else {
    delta_detail::walk(delta, linked, query, accept, scratch);
    uint32_t scanned = linked;
    if (scratch.beam.gave_up()) {
      scratch.beam.reset(limit, 0);
      scanned = 0;
    }
    delta_detail::scan(delta, scanned, visible, query, accept, scratch);
  }
  const CandidateList& found = scratch.beam.counted();
  out.clear();
  for (size_t i = 0; i < std::min<size_t>(k, found.size()); ++i) {
    out.push_back({found[i].distance, delta.row(found[i].node)});
  }
}

}  // namespace vamana
