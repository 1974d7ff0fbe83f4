// The walk over matching nodes alone, where matching nodes are many hops apart.
#include "search/filtered_walk.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <vector>

namespace vamana {
namespace {

constexpr uint32_t kNodes = 64 * 1024;
constexpr size_t kListSize = 32;

// A line: each node knows the ones beside it, and is as far from the query as from its target.
class Line {
 public:
  explicit Line(uint32_t every) : Line([every](uint32_t node) { return node % every == 0; }) {}
  explicit Line(const std::function<bool(uint32_t)>& matches) : nodes_(words(matches)) {
    ThreadPool pool(1);
    auto packed = PackedGraph::pack(
        kNodes, 2,
        [this](uint32_t node) {
          around_[0] = node == 0 ? 1 : node - 1;
          around_[1] = node + 1;
          return std::span(around_, node == 0 || node + 1 == kNodes ? 1 : 2);
        },
        pool);
    EXPECT_TRUE(packed.ok());
    graph_ = std::make_unique<PackedGraph>(std::move(packed).value());
  }

  // Nodes found from node 0 on, nearest first.
  std::vector<uint32_t> find(uint32_t target, uint64_t work_max = 1000000, WalkEnd expected = WalkEnd::kDone) {
    return find(target, [](uint32_t) {}, work_max, expected);
  }
  // settled(node) is called with the nearest of then.
  std::vector<uint32_t> find(uint32_t target, const std::function<void(uint32_t)>& settled,
                             uint64_t work_max = 1000000, WalkEnd expected = WalkEnd::kDone) {
    const Distance distance{target};
    WalkScratch scratch;
    const auto lives = [](uint32_t) { return true; };
    FilteredWalk walk(*graph_, distance, nodes_, lives, scratch);
    const uint32_t entries[] = {0};
    EXPECT_EQ(walk.run(entries, kListSize, work_max, nullptr, [&] { settled(scratch.beam[0].node); }), expected);
    std::vector<uint32_t> found;
    for (size_t i = 0; i < scratch.beam.size(); ++i) found.push_back(scratch.beam[i].node);
    return found;
  }

 private:
  struct Distance {
    uint32_t target;
    void prefetch(uint32_t) const {}
    void operator()(const uint32_t* nodes, size_t count, float* out) const {
      for (size_t i = 0; i < count; ++i)
        out[i] = static_cast<float>(std::max(nodes[i], target) - std::min(nodes[i], target));
    }
  };

  static std::vector<uint64_t> words(const std::function<bool(uint32_t)>& matches) {
    std::vector<uint64_t> made(kNodes / 64);
    for (uint32_t node = 0; node < kNodes; ++node) made[node / 64] |= uint64_t{matches(node)} << (node % 64);
    return made;
  }

  const NodeFilter nodes_;
  std::unique_ptr<PackedGraph> graph_;
  uint32_t around_[2] = {};
};

TEST(FilteredWalk, ReachesMatchesOverOneThatDoesNot) {
  Line line(2);
  const std::vector<uint32_t> found = line.find(40000);
  ASSERT_EQ(found.size(), kListSize);
  EXPECT_EQ(found[0], 40000u);
}

// No list leads from one to the next, but they stand in the same stretch of nodes.
TEST(FilteredWalk, FindsWhatStandsAroundThoughNoListLeadsThere) {
  Line line(50);
  const std::vector<uint32_t> found = line.find(20000);
  ASSERT_EQ(found.size(), kListSize);
  const std::set<uint32_t> nearest(found.begin(), found.begin() + 5);
  EXPECT_EQ(nearest, (std::set<uint32_t>{19900, 19950, 20000, 20050, 20100}));
  EXPECT_EQ(std::set<uint32_t>(found.begin(), found.end()).size(), kListSize) << "a node came twice";
}

// One stretch leads on to the next only while what it adds is nearer.
TEST(FilteredWalk, EndsWhereWhatStandsAroundAddsNothing) {
  Line line(50);
  const std::vector<uint32_t> found = line.find(60000);
  ASSERT_FALSE(found.empty());
  EXPECT_LT(found[0], kStretch * 50);
}

// No list leads over the gap, which lies within a stretch.
TEST(FilteredWalk, FindsWhatStandsAroundWhereMuchMatchesToo) {
  Line line([](uint32_t node) { return node < 900 || node >= 920; });
  const std::vector<uint32_t> found = line.find(40000);
  ASSERT_EQ(found.size(), kListSize);
  EXPECT_EQ(found[0], 40000u);
}

// Behind the gap nothing is known yet when lists lead no further, and it is told once.
TEST(FilteredWalk, TellsOnceWhenListsLeadNoFurther) {
  Line line([](uint32_t node) { return node < 900 || node >= 920; });
  std::vector<uint32_t> told;
  line.find(40000, [&told](uint32_t nearest) { told.push_back(nearest); });
  EXPECT_EQ(told, (std::vector<uint32_t>{899}));
}

TEST(FilteredWalk, GivesUpWhenItDidTooMuch) { Line(2).find(40000, 1000, WalkEnd::kTooMuch); }

}  // namespace
}  // namespace vamana
