#include "search/filtered_search.h"

#include <algorithm>

#include "search/filtered_walk.h"

namespace vamana {

namespace {

// Codes between two looks at the cancel flag.
constexpr uint32_t kCancelCodes = 1 << 16;

// Goes over the matching nodes in order, a block behind what is on its way from memory.
class CodeScan {
 public:
  CodeScan(const FilteredInput& input, CandidateList& beam) : input_(input), beam_(beam) {}

  // False when cancelled.
  bool run(QueryCost* cost) {
    const bool some_dead = !input_.dead.empty();
    const bool whole = input_.nodes.for_each([&](uint32_t node) {
      if (some_dead && input_.dead.test(node)) return true;
      input_.distance.prefetch(node);
      coming_[filled_++] = node;
      return filled_ < kBlock || turn();
    });
    if (!whole) return false;
    if (has_waiting_) score_block(waiting_, kBlock);
    score_block(coming_, filled_);
    cost->codes_scored += static_cast<uint32_t>(std::min<uint64_t>(scored_, 0xFFFFFFFFu));
    return true;
  }

 private:
  static constexpr uint32_t kBlock = 32;

  // A block is full: the one before it, whose codes have come meanwhile, is scored.
  bool turn() {
    if (has_waiting_) score_block(waiting_, kBlock);
    std::copy(coming_, coming_ + kBlock, waiting_);
    has_waiting_ = true;
    filled_ = 0;
    if (scored_ / kCancelCodes == cancel_looks_) return true;
    cancel_looks_ = scored_ / kCancelCodes;
    return input_.cancel == nullptr || !input_.cancel->cancelled();
  }

  void score_block(const uint32_t* nodes, uint32_t count) {
    float distances[kBlock];
    input_.distance(nodes, count, distances);
    scored_ += count;
    for (uint32_t i = 0; i < count; ++i) {
      if (beam_.would_enter(distances[i])) beam_.insert(distances[i], nodes[i]);
    }
  }

  const FilteredInput& input_;
  CandidateList& beam_;
  uint32_t coming_[kBlock];
  uint32_t waiting_[kBlock];
  uint32_t filled_ = 0;
  bool has_waiting_ = false;
  uint64_t scored_ = 0;
  uint64_t cancel_looks_ = 0;
};

}  // namespace

const CandidateList* filtered_candidates(const FilteredInput& input, const FilterPlan& plan, uint32_t k,
                                         WalkScratch& scratch, QueryCost* cost) {
  const auto matches = [&](uint32_t node) { return input.nodes.test(node) && !input.dead.test(node); };
  const Segment& segment = input.segment;
  const CandidateList* beam = nullptr;
  if (plan.strategy == FilterStrategy::kWalk) {
    uint32_t entries[NodeFilter::kSample];
    uint32_t entry_count = 0;
    for (const uint32_t node : input.nodes.sample()) {
      if (!input.dead.test(node)) entries[entry_count++] = node;
    }
    const WalkEnd end = filtered_walk(segment.graph(), std::span(entries, entry_count), input.distance, plan.list_size,
                                      matches, plan.work_max, input.cancel, scratch);
    if (end == WalkEnd::kCancelled) return nullptr;
    if (end == WalkEnd::kDone) beam = &scratch.beam;
  } else if (plan.strategy == FilterStrategy::kPost) {
    const GraphFields& graph = segment.graph_header().graph;
    const std::span entries(graph.entries.data(), graph.entry_count);
    const bool ended = walk_passing(segment.graph(), entries, input.distance, plan.list_size,
                                    plan.work_max / std::max(1u, graph.degree), matches, input.cancel, scratch);
    if (!ended) return nullptr;
    if (!scratch.passing.gave_up()) beam = &scratch.passing.counted();
  }
  if (plan.strategy != FilterStrategy::kCodes) {
    cost->hops += scratch.hops;
    cost->codes_scored += scratch.scored;
    cost->strategies |= strategy_bit(plan.strategy);
  }
  if (beam != nullptr && beam->size() >= std::min<uint64_t>(k, input.nodes.count())) return beam;
  // Not planned so, or a walk that went wrong: fewer than k were found, or it did too much.
  cost->strategies |= strategy_bit(FilterStrategy::kCodes);
  scratch.beam.reset(plan.list_size);
  return CodeScan(input, scratch.beam).run(cost) ? &scratch.beam : nullptr;
}

}  // namespace vamana
