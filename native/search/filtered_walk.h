// The walk over the nodes that match, and only those: what it keeps and expands matches. Where too few neighbours of a
// node do, it looks through those of the others that are nearest to the query at their neighbours, so that the matching
// nodes hang together though the graph was built over all (ACORN-1: Patel et al., SIGMOD 2024; that the nearest
// suffice, NaviX: Sehgal and Salihoglu, VLDB 2025). Only from the front of the list, which is where the way to near
// nodes leads: looking through is most of an expansion's work. It begins at a sample of matching nodes from all over,
// since the graph's own entry may lie among nodes that do not match.
//
// Some matching nodes have no way to them but through many that do not match, however many lists are looked through.
// But near nodes have near numbers (graph/reorder.h): so when a walk has ended, the codes of the matching nodes that
// stand around the nearest it found are scored too, in order, which costs a fraction of meeting them through lists; and
// the walk goes on from what they add, until they add nothing to the nearest.
//
// A header like walk.h, whose scratch it uses.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "search/code_scan.h"
#include "search/node_filter.h"
#include "search/walk.h"

namespace vamana {

// Matching new neighbours that are enough to go on with; below, others are looked through.
constexpr uint32_t kEnoughDirect = 10;
// How far others are looked through: so many of a node's at most, since the ones far from the query lead to little, and
// only from the nodes in the first `part`-th of the list: the time that this saves is worth more in a longer list.
struct LookThrough {
  uint32_t most;
  size_t part;
};
// Further where fewer match.
constexpr LookThrough look_through_of(double selectivity) {
  return selectivity < 0.2 ? LookThrough{12, 4} : LookThrough{8, 5};
}
// No other list is looked through, and no other node expanded, when so many matching nodes wait to be scored.
constexpr uint32_t kFreshMost = 128;
// Nodes of the back of the list that are expanded together.
constexpr uint32_t kExpandAtOnce = 8;
// Lists on their way from memory while one is looked through.
constexpr uint32_t kListsAhead = 4;
// Matching nodes that stand together and are scored together, on average.
constexpr uint32_t kStretch = 768;
// Such stretches that are scored before the walk goes on; and how far down the list what stands around is scored.
constexpr uint32_t kStretchesAtOnce = 48;
constexpr uint32_t kStretchesOf = 192;
// The nearest, by which is judged whether more of them are worth it.
constexpr uint32_t kJudged = 20;

enum class WalkEnd { kDone, kCancelled, kTooMuch };

template <typename Distance, typename Lives>
class FilteredWalk {
 public:
  // What matches is in `nodes` and lives.
  FilteredWalk(const PackedGraph& graph, const Distance& distance, const NodeFilter& nodes, const Lives& lives,
               WalkScratch& scratch)
      : graph_(graph), distance_(distance), nodes_(nodes), lives_(lives), scratch_(scratch) {}

  // Fills scratch.beam with up to `list_size` matching nodes. kTooMuch, and the beam is not to be used, when more than
  // `work_max` codes were scored and lists looked through.
  //
  // `on_settled()` is called once, when lists lead no further: most of the nearest have been found, and whoever wants to
  // read them need not wait for what stands around them to be scored.
  template <typename OnSettled>
  WalkEnd run(std::span<const uint32_t> entries, size_t list_size, uint64_t work_max, const CancelFlag* cancel,
              const OnSettled& on_settled) {
    CandidateList& beam = scratch_.beam;
    beam.reset(list_size);
    scratch_.visited.reset(list_size * 24);
    scratch_.stretches.clear();
    scratch_.hops = 0;
    scratch_.scored = 0;
    for (const uint32_t entry : entries) {
      offer(entry);
      if (fresh_ == kFreshMost) score();
    }
    Candidate current;
    for (;;) {
      score();
      if (!beam.pop_nearest(&current)) {
        if (scratch_.stretches.empty()) on_settled();
        if (!score_around()) return WalkEnd::kDone;
        continue;
      }
      if (cancel != nullptr && cancel->cancelled()) return WalkEnd::kCancelled;
      if (scratch_.scored + lists_ > work_max) return WalkEnd::kTooMuch;
      if (beam.expanded_before() * look_through_.part > list_size) {
        expand_some(current.node);
        continue;
      }
      ++scratch_.hops;
      uint32_t next;
      if (beam.peek_nearest(&next)) graph_.prefetch(next);
      uint32_t others = 0;
      expand(current.node, [&](uint32_t neighbour) {
        distance_.prefetch(neighbour);
        graph_.prefetch_directory(neighbour);
        scratch_.others[others++] = neighbour;
      });
      if (fresh_ < kEnoughDirect) look_through(nearest_of(others));
    }
  }

 private:
  bool matches(uint32_t node) const { return nodes_.test(node) && lives_(node); }

  void offer(uint32_t node) {
    if (!scratch_.visited.insert(node)) return;
    distance_.prefetch(node);
    scratch_.fresh[fresh_++] = node;
  }

  void score() {
    distance_(scratch_.fresh, fresh_, scratch_.distances);
    scratch_.scored += fresh_;
    CandidateList& beam = scratch_.beam;
    for (uint32_t i = 0; i < fresh_; ++i) {
      if (beam.would_enter(scratch_.distances[i])) beam.insert(scratch_.distances[i], scratch_.fresh[i]);
    }
    fresh_ = 0;
  }

  // This one and those next to it, of the back of the list, where hardly one leads to a nearer one: what is scored
  // together is waited for once.
  void expand_some(uint32_t node) {
    uint32_t nodes[kExpandAtOnce];
    uint32_t count = 0;
    Candidate next{0, node, true};
    do {
      graph_.prefetch(next.node);
      nodes[count++] = next.node;
    } while (count < kExpandAtOnce && scratch_.beam.pop_nearest(&next));
    scratch_.hops += count;
    for (uint32_t i = 0; i < count; ++i) {
      if (fresh_ >= kFreshMost) score();
      expand(nodes[i], [](uint32_t) {});
    }
  }

  // Offers the neighbours that match; what is done with the others is for the caller to say.
  template <typename Other>
  void expand(uint32_t node, const Other& other) {
    const uint32_t count = graph_.decode(node, scratch_.neighbours);
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t neighbour = scratch_.neighbours[i];
      if (matches(neighbour)) {
        offer(neighbour);
      } else {
        other(neighbour);
      }
    }
  }

  // Of those put aside the ones worth a look come first; how many these are.
  uint32_t nearest_of(uint32_t others) {
    const uint32_t most = look_through_.most;
    if (others <= most) return others;
    Candidate order[kNeighbourRoom];
    float distances[kNeighbourRoom];
    distance_(scratch_.others, others, distances);
    scratch_.scored += others;
    for (uint32_t i = 0; i < others; ++i) order[i] = {distances[i], scratch_.others[i], false};
    std::nth_element(order, order + most, order + others,
                     [](const Candidate& a, const Candidate& b) { return a.before(b); });
    for (uint32_t i = 0; i < most; ++i) scratch_.others[i] = order[i].node;
    return most;
  }

  void look_through(uint32_t others) {
    for (uint32_t at = 0; at < std::min(others, kListsAhead); ++at) graph_.prefetch(scratch_.others[at]);
    for (uint32_t at = 0; at < others && fresh_ < kFreshMost; ++at) {
      if (at + kListsAhead < others) graph_.prefetch(scratch_.others[at + kListsAhead]);
      // Only what is really looked through counts as visited.
      if (!scratch_.visited.insert(scratch_.others[at])) continue;
      const uint32_t count = graph_.decode(scratch_.others[at], scratch_.neighbours);
      ++lists_;
      for (uint32_t i = 0; i < count; ++i) {
        if (matches(scratch_.neighbours[i])) offer(scratch_.neighbours[i]);
      }
    }
  }

  // Scores what stands around the nearest. False where it is not worth it, when that was done already, or the last time
  // it added nothing to them.
  bool score_around() {
    const CandidateList& beam = scratch_.beam;
    double sum = 0;
    for (size_t i = 0; i < std::min<size_t>(kJudged, beam.size()); ++i) sum += beam[i].distance;
    if (!scratch_.stretches.empty() && sum == judged_) return false;
    judged_ = sum;
    const size_t had = scratch_.stretches.size();
    const uint64_t width = stretch_nodes();
    const size_t depth = std::min<size_t>(kStretchesOf, beam.size());
    for (size_t i = 0; i < depth && scratch_.stretches.size() < had + kStretchesAtOnce; ++i) {
      const auto stretch = static_cast<uint32_t>(beam[i].node / width);
      if (std::find(scratch_.stretches.begin(), scratch_.stretches.end(), stretch) == scratch_.stretches.end()) {
        scratch_.stretches.push_back(stretch);
      }
    }
    // What does not enter the beam now never will, so only what does is remembered as visited.
    const auto insert = [this](float distance, uint32_t node) {
      if (scratch_.visited.insert(node)) scratch_.beam.insert(distance, node);
    };
    CodeScan scan(distance_, beam, nullptr, insert);
    for (size_t i = had; i < scratch_.stretches.size(); ++i) {
      const uint64_t first = scratch_.stretches[i] * width;
      nodes_.for_each_between(first, first + width, [&](uint32_t node) {
        if (lives_(node)) scan.add(node);
      });
    }
    scan.finish();
    scratch_.scored += scan.scored();
    return scratch_.stretches.size() != had;
  }

  // So many nodes that kStretch of them match, in whole words of the filter.
  uint64_t stretch_nodes() const {
    return std::max<uint64_t>(kStretch * nodes_.nodes() / std::max<uint64_t>(1, nodes_.count()), 64) / 64 * 64;
  }

  const PackedGraph& graph_;
  const Distance& distance_;
  const NodeFilter& nodes_;
  const Lives& lives_;
  WalkScratch& scratch_;
  const LookThrough look_through_ =
      look_through_of(static_cast<double>(nodes_.count()) / static_cast<double>(std::max<uint64_t>(1, nodes_.nodes())));
  uint32_t fresh_ = 0;
  uint64_t lists_ = 0;
  double judged_ = 0;
};

}  // namespace vamana
