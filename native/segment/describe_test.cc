#include "segment/describe.h"

#include <gtest/gtest.h>

#include "testing/sample_segment.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::TempDir;

TEST(DescribeSegment, SaysTheSameOfAFolderAndOfTheSegmentOpened) {
  TempDir folder;
  const std::string dir = folder.file("segment");
  const auto sample = testing::make_sample({500, 12, Element::kI8, Metric::kDot}, 8, 6, 1);
  ASSERT_TRUE(testing::write_sample(sample, dir).ok());
  ThreadPool pool(1);
  const auto segment = Segment::open(dir, IoKind::kPread, pool).value();

  const SegmentDescription opened = describe_segment(*segment);
  const SegmentDescription read = describe_segment(dir).value();
  EXPECT_EQ(opened.code_name, "pq6x8");
  EXPECT_EQ(read.code_name, opened.code_name);
  EXPECT_EQ(read.vectors.uuid, opened.vectors.uuid);
  EXPECT_EQ(read.vectors.rows, 500u);
  EXPECT_EQ(read.vectors.vectors.record_bytes, 16u);
  EXPECT_EQ(read.graph.graph.edges, opened.graph.graph.edges);
  EXPECT_EQ(read.codes.codes.code_bytes, 6u);
}

TEST(DescribeSegment, RefusesWhatIsNoSegment) {
  TempDir folder;
  EXPECT_EQ(describe_segment(folder.file("absent")).status().code(), Code::kNotFound);
  EXPECT_FALSE(describe_segment(folder.path()).ok());
}

}  // namespace
}  // namespace vamana
