#include "search/row_distances.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/prng.h"
#include "kernels/kernels.h"
#include "segment/segment_files.h"
#include "testing/sample_segment.h"
#include "testing/synthetic.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::make_queries;
using testing::make_sample;
using testing::SampleSegment;
using testing::TempDir;
using testing::VectorSet;

constexpr uint64_t kSeed = 20250117;

struct Opened {
  TempDir folder;
  SampleSegment sample;
  std::shared_ptr<const Segment> segment;

  explicit Opened(const SegmentShape& shape) : sample(make_sample(shape, 8, 4, kSeed)) {
    const std::string dir = folder.file("segment");
    EXPECT_TRUE(testing::write_sample(sample, dir).ok());
    ThreadPool pool(1);
    segment = Segment::open(dir, IoKind::kPread, pool).value();
  }

  VectorSet queries(uint32_t count) const {
    testing::SyntheticOptions options;
    options.dim = sample.shape.dim;
    options.element = sample.shape.element;
    options.seed = kSeed;
    return make_queries(options, count);
  }
};

// By the definition: look every row up.
std::vector<float> naive(const SampleSegment& sample, const VectorSet& queries, const std::vector<uint32_t>& rows) {
  const DistanceFn distance = distance_kernel(sample.shape.metric, sample.shape.element);
  std::vector<float> distances(rows.size(), NAN);
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t node = 0; node < sample.rows.size(); ++node) {
      if (sample.rows[node] == rows[i]) {
        distances[i] = distance(queries.row(i), sample.vector(node), sample.shape.dim);
      }
    }
  }
  return distances;
}

void expect_same(const std::vector<float>& found, const std::vector<float>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(found[i])) << "query " << i;
    } else {
      EXPECT_EQ(found[i], expected[i]) << "query " << i;
    }
  }
}

TEST(RowDistances, AgreeWithEveryRowLookedUpByConcurrentWorkers) {
  const SegmentShape shapes[] = {
      {3000, 16, Element::kU8, Metric::kL2},     {700, 33, Element::kF32, Metric::kDot},
      {500, 20, Element::kF16, Metric::kCosine}, {400, 24, Element::kI8, Metric::kL1},
      {40, 1500, Element::kF32, Metric::kL2},  // a record of two pages
      {1, 4, Element::kU8, Metric::kL2},
  };
  for (const SegmentShape& shape : shapes) {
    SCOPED_TRACE(format("%llu rows of %u, seed %llu", static_cast<unsigned long long>(shape.rows), shape.dim,
                        static_cast<unsigned long long>(kSeed)));
    const Opened opened(shape);
    const VectorSet queries = opened.queries(200);
    Prng prng(kSeed);
    std::vector<uint32_t> rows(200);
    // A few rows beyond the last, and many asked for more than once.
    for (uint32_t& row : rows) row = static_cast<uint32_t>(prng.below(std::min<uint64_t>(shape.rows, 150) + 3));
    const std::vector<float> expected = naive(opened.sample, queries, rows);
    for (const size_t threads : {1, 3}) {
      ThreadPool pool(threads);
      const auto found = row_distances(*opened.segment, queries.bytes.data(), rows, pool, CancelFlag());
      ASSERT_TRUE(found.ok()) << found.status().message();
      expect_same(found.value(), expected);
    }
  }
}

TEST(RowDistances, OfNoRowsReadNothing) {
  const Opened opened({10, 4, Element::kU8, Metric::kL2});
  ThreadPool pool(1);
  CancelFlag cancelled;
  cancelled.cancel();
  EXPECT_TRUE(row_distances(*opened.segment, nullptr, {}, pool, cancelled).value().empty());
}

TEST(RowDistances, StopWhenCancelled) {
  const Opened opened({10, 4, Element::kU8, Metric::kL2});
  const VectorSet queries = opened.queries(1);
  const uint32_t row = 3;
  ThreadPool pool(2);
  CancelFlag cancelled;
  cancelled.cancel();
  const auto found = row_distances(*opened.segment, queries.bytes.data(), {&row, 1}, pool, cancelled);
  EXPECT_EQ(found.status().code(), Code::kAborted);
}

TEST(RowDistances, NameTheSlotThatIsDamaged) {
  const Opened opened({3000, 16, Element::kU8, Metric::kL2});
  const std::string path = segment_file_path(opened.segment->dir(), FileKind::kVectors);
  std::vector<uint8_t> bytes = testing::read_file(path);
  bytes[5 * kPageBytes + 100] ^= 1;
  testing::write_file(path, bytes);
  const VectorSet queries = opened.queries(1);
  const uint32_t row = 3;
  for (const size_t threads : {1, 3}) {
    ThreadPool pool(threads);
    const auto found = row_distances(*opened.segment, queries.bytes.data(), {&row, 1}, pool, CancelFlag());
    EXPECT_EQ(found.status().code(), Code::kCorrupt);
    EXPECT_NE(found.status().message().find(path), std::string::npos) << found.status().message();
    EXPECT_NE(found.status().message().find(std::to_string(5 * kPageBytes)), std::string::npos)
        << found.status().message();
  }
}

}  // namespace
}  // namespace vamana
