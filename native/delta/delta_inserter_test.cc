// The graph that grows: its lists, its tree, and that every linked row can be reached, on data that makes it hard.
#include "delta/delta_inserter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <set>

#include "base/prng.h"
#include "graph/reachability.h"
#include "testing/filled_delta.h"
#include "testing/sanitized.h"

namespace vamana {
namespace {

using testing::fewer_when_sanitized;
using testing::filled_delta;
using testing::VectorSet;

void expect_sound(const Delta& delta, uint32_t linked) {
  std::vector<std::vector<uint32_t>> lists(linked);
  for (uint32_t slot = 0; slot < linked; ++slot) {
    for (const uint32_t neighbour : delta.graph().list(slot)) lists[slot].push_back(neighbour);
    ASSERT_LE(lists[slot].size(), delta.graph().places());
    const std::set<uint32_t> distinct(lists[slot].begin(), lists[slot].end());
    ASSERT_EQ(distinct.size(), lists[slot].size()) << "slot " << slot << " names one twice";
    ASSERT_FALSE(distinct.contains(slot)) << "slot " << slot << " names itself";
    ASSERT_TRUE(distinct.empty() || *distinct.rbegin() < linked);
  }
  ASSERT_EQ(*delta.memory().parent(0), kNoParent);
  for (uint32_t slot = 1; slot < linked; ++slot) {
    const std::vector<uint32_t>& list = lists[*delta.memory().parent(slot)];
    ASSERT_NE(std::find(list.begin(), list.end(), slot), list.end()) << "slot " << slot << " is lost to its parent";
  }
  std::vector<bool> reached(linked);
  const uint64_t count = mark_reachable(
      0, [&](uint32_t slot) { return std::span<const uint32_t>(lists[slot]); }, reached);
  ASSERT_EQ(count, linked) << "from slot 0";
}

// Sound at every size, since searches may come at any.
void expect_sound_all_along(const VectorSet& set, Metric metric, uint32_t degree) {
  SCOPED_TRACE(testing::space_name(metric, set.element) + format(", degree %u", degree));
  const auto delta = filled_delta(set, metric, 0, degree);
  while (delta->linked() < set.rows) {
    delta->link_some(delta->linked() < 100 ? 1 : 100 + delta->linked() / 2);
    expect_sound(*delta, delta->linked());
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(DeltaInserter, EveryRowCanBeReachedInAnyMetric) {
  for (size_t m = 0; m < kMetricCount; ++m) {
    const VectorSet set = testing::make_vectors(
        {.rows = fewer_when_sanitized(1500), .dim = 8, .seed = m, .duplicates = 0.1, .zeros = 0.02});
    expect_sound_all_along(set, static_cast<Metric>(m), 24);
    expect_sound_all_along(set, static_cast<Metric>(m), 4);
  }
}

// One after the other, far from one another: each cluster is an island until edges lead to it.
TEST(DeltaInserter, EveryRowCanBeReachedWhenClustersComeInTurn) {
  std::vector<float> values;
  Prng prng(77);
  for (uint32_t cluster = 0; cluster < fewer_when_sanitized(30); ++cluster) {
    double centre[8];
    for (double& value : centre) value = 100 * prng.gaussian();
    for (uint32_t i = 0; i < 80; ++i) {
      for (const double value : centre) values.push_back(static_cast<float>(value + 0.01 * prng.gaussian()));
    }
  }
  const VectorSet set = testing::vectors_of(Element::kF32, 8, values);
  for (const uint32_t degree : {4u, 12u}) expect_sound_all_along(set, Metric::kL2, degree);
}

TEST(DeltaInserter, EveryRowCanBeReachedWhenAllAreTheSame) {
  const VectorSet set = testing::vectors_of(Element::kU8, 4, std::vector<float>(4 * fewer_when_sanitized(2000), 9.0f));
  for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kDot}) expect_sound_all_along(set, metric, 8);
}

// Longer and longer: every row in turn is the best answer to all that came before.
TEST(DeltaInserter, EveryRowCanBeReachedWhenVectorsGrow) {
  std::vector<float> values;
  for (uint32_t i = 0; i < fewer_when_sanitized(1000); ++i) {
    for (uint32_t d = 0; d < 4; ++d) values.push_back(static_cast<float>((i + 1) * (d + 1)));
  }
  const VectorSet set = testing::vectors_of(Element::kF32, 4, values);
  for (const Metric metric : {Metric::kDot, Metric::kL2}) expect_sound_all_along(set, metric, 8);
}

}  // namespace
}  // namespace vamana
