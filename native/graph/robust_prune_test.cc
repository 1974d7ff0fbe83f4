// robust_prune against Algorithm 2 of the paper written down as it stands there, with the backfill after it.
#include "graph/robust_prune.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "base/prng.h"
#include "graph/build_space.h"
#include "testing/synthetic.h"

namespace vamana {
namespace {

using testing::VectorSet;

// V <- V \ {p}; while V is not empty: p* <- the nearest of V; keep p*; stop at R; drop from V all p' with
// alpha * d(p*, p') <= d(p, p'). Then the nearest of the dropped fill up.
std::vector<uint32_t> naive_prune(const BuildSpace& space, uint32_t node, const PruneParams& params,
                                  const std::vector<Candidate>& candidates) {
  std::map<uint32_t, float> distances;
  for (const Candidate& candidate : candidates) {
    if (candidate.node != node) distances[candidate.node] = candidate.distance;
  }
  using Entry = std::pair<float, uint32_t>;
  std::set<Entry> open, dropped;
  for (const auto& [other, distance] : distances) open.insert({distance, other});
  std::vector<uint32_t> kept;
  while (!open.empty() && kept.size() < params.degree) {
    const Entry nearest = *open.begin();
    kept.push_back(nearest.second);
    open.erase(nearest);
    for (auto it = open.begin(); it != open.end();) {
      if (params.alpha * space.distance(nearest.second, it->second) <= it->first) {
        dropped.insert(*it);
        it = open.erase(it);
      } else {
        ++it;
      }
    }
  }
  for (const Entry& entry : dropped) {
    if (kept.size() == params.degree) break;
    kept.push_back(entry.second);
  }
  return kept;
}

std::vector<Candidate> random_candidates(const BuildSpace& space, uint32_t node, size_t count, Prng& prng) {
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < count; ++i) {
    const auto other = static_cast<uint32_t>(prng.below(space.rows()));
    candidates.push_back({space.distance(other, node), other, prng.below(2) == 0});
  }
  return candidates;
}

TEST(RobustPrune, IsAlgorithmTwoWithBackfill) {
  ThreadPool pool(1);
  for (size_t m = 0; m < kMetricCount; ++m) {
    const auto metric = static_cast<Metric>(m);
    // Many duplicates: ties and zero distances are where a shortcut goes wrong.
    const VectorSet set =
        testing::make_vectors({.rows = 500, .dim = 6, .element = Element::kI8, .seed = 5, .duplicates = 0.4});
    const BuildSpace space(set.bytes.data(), set.rows, set.dim, set.element, metric, pool);
    Prng prng(m + 11);
    for (int round = 0; round < 200; ++round) {
      SCOPED_TRACE(format("metric %s, round %d", std::string(metric_name(metric)).c_str(), round));
      const PruneParams params{static_cast<uint32_t>(1 + prng.below(20)),
                               1.0f + 0.1f * static_cast<float>(prng.below(6))};
      const auto node = static_cast<uint32_t>(prng.below(set.rows));
      auto candidates = random_candidates(space, node, prng.below(120), prng);
      const auto expected = naive_prune(space, node, params, candidates);
      std::vector<uint32_t> out = {1, 2, 3};
      robust_prune(space, node, params, candidates, out);
      ASSERT_EQ(out, expected);
    }
  }
}

TEST(RobustPrune, DropsTheNodeItselfAndRepeats) {
  ThreadPool pool(1);
  const VectorSet set = testing::vectors_of(Element::kF32, 1, std::vector<float>{0, 10, 10, -7});
  const BuildSpace space(set.bytes.data(), set.rows, set.dim, set.element, Metric::kL2, pool);
  std::vector<Candidate> candidates;
  for (const uint32_t other : {1u, 0u, 2u, 1u, 3u, 2u, 0u}) {
    candidates.push_back({space.distance(other, 0), other, false});
  }
  std::vector<uint32_t> out;
  robust_prune(space, 0, {8, 1.2f}, candidates, out);
  // 2 repeats 1 and comes back by the backfill only, after all that pruning keeps.
  EXPECT_EQ(out, (std::vector<uint32_t>{3, 1, 2}));
}

TEST(RobustPrune, NoCandidatesGiveAnEmptyList) {
  ThreadPool pool(1);
  const VectorSet set = testing::vectors_of(Element::kF32, 1, std::vector<float>{0, 1});
  const BuildSpace space(set.bytes.data(), set.rows, set.dim, set.element, Metric::kL2, pool);
  std::vector<Candidate> candidates;
  std::vector<uint32_t> out = {1};
  robust_prune(space, 0, {8, 1.2f}, candidates, out);
  EXPECT_TRUE(out.empty());
  candidates = {{0, 0, false}, {0, 0, false}};
  robust_prune(space, 0, {8, 1.2f}, candidates, out);
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace vamana
