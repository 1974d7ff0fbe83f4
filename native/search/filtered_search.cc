#include "search/filtered_search.h"

#include <algorithm>

#include "search/filtered_walk.h"

namespace vamana {

namespace {

// Codes between two looks at the cancel flag.
constexpr uint32_t kCancelCodes = 1 << 16;  // a multiple of kGroup

// Goes over the matching nodes in order, some groups behind what is on its way from memory: codes that lie far apart
// come at the pace of the memory, and while they come those of before are scored, few at a time, so that it never
// rests.
class CodeScan {
 public:
  CodeScan(const FilteredInput& input, CandidateList& beam) : input_(input), beam_(beam) {}

  // False when cancelled.
  bool run(QueryCost* cost) {
    const bool some_dead = !input_.dead.empty();
    const bool whole = input_.nodes.for_each([&](uint32_t node) {
      if (some_dead && input_.dead.test(node)) return true;
      input_.distance.prefetch(node);
      coming_[filled_++ % kRing] = node;
      return filled_ - scored_ < kRing || score_group();
    });
    if (!whole) return false;
    while (filled_ > scored_) {
      if (!score_group()) return false;
    }
    cost->codes_scored += static_cast<uint32_t>(std::min<uint64_t>(scored_, 0xFFFFFFFFu));
    return true;
  }

 private:
  static constexpr uint32_t kGroup = 8;
  static constexpr uint32_t kRing = 4 * kGroup;

  // The group that has been coming for longest; at the end maybe a smaller one.
  bool score_group() {
    const uint32_t* const nodes = coming_ + scored_ % kRing;
    const uint32_t count = static_cast<uint32_t>(std::min<uint64_t>(kGroup, filled_ - scored_));
    float distances[kGroup];
    input_.distance(nodes, count, distances);
    for (uint32_t i = 0; i < count; ++i) {
      if (beam_.would_enter(distances[i])) beam_.insert(distances[i], nodes[i]);
    }
    scored_ += count;
    if (scored_ % kCancelCodes != 0) return true;
    return input_.cancel == nullptr || !input_.cancel->cancelled();
  }

  const FilteredInput& input_;
  CandidateList& beam_;
  uint32_t coming_[kRing];
  uint64_t filled_ = 0;
  uint64_t scored_ = 0;
};

}  // namespace

const CandidateList* filtered_candidates(const FilteredInput& input, const FilterPlan& plan, uint32_t k,
                                         WalkScratch& scratch, QueryCost* cost) {
  const auto matches = [&](uint32_t node) { return input.nodes.test(node) && !input.dead.test(node); };
  const Segment& segment = input.segment;
  const uint64_t wanted = std::min<uint64_t>(k, input.nodes.count());
  const auto count = [&](FilterStrategy strategy) {
    cost->hops += scratch.hops;
    cost->codes_scored += scratch.scored;
    cost->strategies |= strategy_bit(strategy);
  };
  if (plan.strategy == FilterStrategy::kPost) {
    const GraphFields& graph = segment.graph_header().graph;
    const std::span entries(graph.entries.data(), graph.entry_count);
    const size_t pass_max = plan.work_max_of(FilterStrategy::kPost) / std::max(1u, graph.degree);
    const bool ended = walk_passing(segment.graph(), entries, input.distance, plan.list_size(), pass_max, matches,
                                    input.cancel, scratch, plan.pass_each);
    if (!ended) return nullptr;
    count(FilterStrategy::kPost);
    const CandidateList& beam = scratch.passing.counted();
    if (!scratch.passing.gave_up() && beam.size() >= wanted) return &beam;
  }
  if (plan.strategy == FilterStrategy::kWalk || (plan.strategy == FilterStrategy::kPost && plan.then_walk)) {
    uint32_t entries[NodeFilter::kSample];
    uint32_t entry_count = 0;
    for (const uint32_t node : input.nodes.sample()) {
      if (!input.dead.test(node)) entries[entry_count++] = node;
    }
    FilteredWalk walk(segment.graph(), input.distance, input.nodes, matches, scratch);
    const WalkEnd end = walk.run(std::span(entries, entry_count), plan.list_size_of(FilterStrategy::kWalk),
                                 plan.work_max_of(FilterStrategy::kWalk), input.cancel);
    if (end == WalkEnd::kCancelled) return nullptr;
    count(FilterStrategy::kWalk);
    if (end == WalkEnd::kDone && scratch.beam.size() >= wanted) return &scratch.beam;
  }
  // Planned so, or the walks went wrong: fewer than k were found, or they did too much.
  cost->strategies |= strategy_bit(FilterStrategy::kCodes);
  scratch.beam.reset(plan.list_size_of(FilterStrategy::kCodes));
  return CodeScan(input, scratch.beam).run(cost) ? &scratch.beam : nullptr;
}

}  // namespace vamana
