// What merging costs in quality: next to nothing, however often it is done. Searches are those of users: a walk on
// codes, then the exact ranks of what it found.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/prng.h"
#include "testing/merge_parts.h"
#include "testing/naive_search.h"
#include "testing/sanitized.h"
#include "testing/search_call.h"

namespace vamana {
namespace {

using testing::merge_in;
using testing::MergeParts;
using testing::VectorSet;

constexpr uint32_t kDim = 24;
constexpr uint32_t kListSize = 40;

// Mean recall@10 of the segment over the rows that live.
double recall(MergeParts& parts, const std::string& dir, const std::set<uint32_t>& live, const VectorSet& queries) {
  const auto engine = SearchEngine::create(parts.open(dir), {.threads = 2}).value();
  SearchParams params;
  params.k = 10;
  params.list_size = kListSize;
  testing::SearchCall call(queries, params);
  EXPECT_TRUE(call.run(*engine).ok());
  const DistanceFn kernel = distance_kernel(Metric::kL2, Element::kF32);
  const std::vector<uint32_t> rows(live.begin(), live.end());
  double sum = 0;
  for (uint32_t q = 0; q < queries.rows; ++q) {
    const auto distance = [&](uint32_t at) { return kernel(queries.row(q), parts.set().row(rows[at]), kDim); };
    std::vector<uint32_t> found;
    for (uint32_t i = 0; i < 10; ++i) {
      const uint32_t row = (call.result().rows[q * 10 + i] - 7) / 3;
      found.push_back(static_cast<uint32_t>(std::lower_bound(rows.begin(), rows.end(), row) - rows.begin()));
    }
    const auto truth = testing::naive_top_k(static_cast<uint32_t>(rows.size()), 10, distance);
    sum += testing::tie_aware_recall(truth, found, distance);
  }
  return sum / queries.rows;
}

// The recall of a build of just these rows.
double fresh_recall(MergeParts& parts, const MergeOptions& merge, const std::set<uint32_t>& live,
                    const VectorSet& queries) {
  return recall(parts, parts.segment_of(merge.rows)->dir(), live, queries);
}

testing::SyntheticOptions clustered(uint32_t rows) {
  return {.rows = rows, .dim = kDim, .seed = 17, .clusters = 60, .spread = 0.5};
}

// A third of the rows gone at once and as many new ones.
TEST(MergeRecall, IsThatOfAFreshBuild) {
  const uint32_t rows = testing::fewer_when_sanitized(20000), fresh = rows * 3 / 10;
  MergeParts parts(make_vectors(clustered(rows + fresh)));
  const VectorSet queries = make_queries(clustered(rows + fresh), 400);
  std::set<uint32_t> dead, live;
  Prng prng(3);
  for (uint32_t i = 0; i < rows + fresh; ++i) (i < rows && prng.below(10) < 3 ? dead : live).insert(live.end(), i);
  const auto large = parts.segment(0, rows), small = parts.segment(rows, rows + fresh);
  const double built = fresh_recall(parts, parts.merge_of({large, small}, dead), live, queries);
  EXPECT_GT(built, 0.8);
  EXPECT_LT(built, 0.9999);  // or the list is too long to tell anything apart
  RecordProperty("built", std::to_string(built));
  for (const bool in_memory : {true, false}) {
    const MergeOptions options = parts.merge_of({large, small}, dead);
    ASSERT_TRUE(merge_in(options, in_memory).ok());
    const double merged = recall(parts, options.build.dir, live, queries);
    EXPECT_GT(merged, built - 0.01) << "in memory: " << in_memory << ", a fresh build: " << built;
    RecordProperty(in_memory ? "in_memory" : "in_windows", std::to_string(merged));
  }
}

// Ten rounds that replace a tenth each, which in the end is everything; half of them under sanitizers.
TEST(MergeRecall, StaysThatOfAFreshBuildOverManyRounds) {
  const uint32_t rows = testing::fewer_when_sanitized(12000), step = rows / 10;
  constexpr uint32_t kRounds = testing::kSanitized ? 5 : 10;
  MergeParts parts(make_vectors(clustered(rows + kRounds * step)));
  const VectorSet queries = make_queries(clustered(rows + kRounds * step), 400);
  for (const bool in_memory : {true, false}) {
    auto large = parts.segment(0, rows);
    for (uint32_t round = 0; round < kRounds; ++round) {
      const uint32_t end = rows + (round + 1) * step;
      std::set<uint32_t> dead, live;
      for (uint32_t i = round * step; i < (round + 1) * step; ++i) dead.insert(i);
      for (uint32_t i = (round + 1) * step; i < end; ++i) live.insert(live.end(), i);
      const MergeOptions options = parts.merge_of({large, parts.segment(end - step, end)}, dead);
      ASSERT_TRUE(merge_in(options, in_memory).ok());
      large = parts.open(options.build.dir);
      if (round != 4 && round != kRounds - 1) continue;
      const double merged = recall(parts, options.build.dir, live, queries);
      const double built = fresh_recall(parts, options, live, queries);
      EXPECT_GT(merged, built - 0.01) << "round " << round << ", in memory: " << in_memory << ", fresh: " << built;
      RecordProperty(format("round_%u_%d", round, in_memory), format("%.4f, fresh %.4f", merged, built));
    }
  }
}

}  // namespace
}  // namespace vamana
