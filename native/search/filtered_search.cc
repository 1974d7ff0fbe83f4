#include "search/filtered_search.h"

#include <algorithm>

#include "search/code_scan.h"
#include "search/filtered_walk.h"

namespace vamana {

namespace {

// `post` is settled when that part of its list has been expanded: what the rest adds comes behind.
constexpr size_t kPostSettled = 2;

// The codes of all that match.
bool scan(const FilteredInput& input, CandidateList& beam, QueryCost* cost) {
  const auto insert = [&beam](float distance, uint32_t node) { beam.insert(distance, node); };
  CodeScan scan(input.distance, beam, input.cancel, insert);
  const bool some_dead = !input.dead.empty();
  const bool whole =
      input.nodes.for_each([&](uint32_t node) { return (some_dead && input.dead.test(node)) || scan.add(node); });
  if (!whole || !scan.finish()) return false;
  cost->codes_scored += scan.scored();
  return true;
}

}  // namespace

const CandidateList* filtered_candidates(const FilteredInput& input, const FilterPlan& plan, uint32_t k,
                                         WalkScratch& scratch, QueryCost* cost, const OnSettled& on_settled) {
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
                                    input.cancel, scratch, plan.pass_each, plan.list_size() / kPostSettled,
                                    [&] { on_settled(scratch.passing.counted()); });
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
    const auto walk_among = [&](const auto& lives) {
      FilteredWalk walk(segment.graph(), input.distance, input.nodes, lives, scratch);
      return walk.run(std::span(entries, entry_count), plan.list_size_of(FilterStrategy::kWalk),
                      plan.work_max_of(FilterStrategy::kWalk), input.cancel, [&] { on_settled(scratch.beam); });
    };
    // Asked of every neighbour met, so what cannot be is not asked.
    const WalkEnd end = input.dead.empty() ? walk_among([](uint32_t) { return true; })
                                           : walk_among([&](uint32_t node) { return !input.dead.test(node); });
    if (end == WalkEnd::kCancelled) return nullptr;
    count(FilterStrategy::kWalk);
    if (end == WalkEnd::kDone && scratch.beam.size() >= wanted) return &scratch.beam;
  }
  // Planned so, or the walks went wrong: fewer than k were found, or they did too much.
  cost->strategies |= strategy_bit(FilterStrategy::kCodes);
  scratch.beam.reset(plan.list_size_of(FilterStrategy::kCodes));
  return scan(input, scratch.beam, cost) ? &scratch.beam : nullptr;
}

}  // namespace vamana
