#include "segment/describe.h"

#include <gtest/gtest.h>

#include "codec/rabitq.h"
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

TEST(DescribeSegment, NamesAScalarCodeWithoutItsParameters) {
  constexpr uint32_t kDim = 12;
  ThreadPool pool(1);
  for (const uint32_t bits : {1, 3, 8}) {
    TempDir folder;
    const std::string dir = folder.file("segment");
    auto sample = testing::make_sample({100, kDim, Element::kF32, Metric::kL2}, 8, 6, 1);
    const std::vector<float> ones(kDim, 1.0f);
    sample.codec = RabitqCodec::train(ones.data(), 1, kDim, Metric::kL2, bits, 1, CancelFlag()).value();
    const CodeLayout layout = code_layout(sample.codec->code_bytes());
    sample.codes = AlignedBuffer::create(code_area_bytes(layout, 100)).value();
    ASSERT_TRUE(testing::write_sample(sample, dir).ok());
    const auto segment = Segment::open(dir, IoKind::kPread, pool).value();
    EXPECT_EQ(describe_segment(dir).value().code_name, format("rabitq%u", bits));
    EXPECT_EQ(describe_segment(*segment).code_name, format("rabitq%u", bits));
  }
}

TEST(DescribeSegment, RefusesWhatIsNoSegment) {
  TempDir folder;
  EXPECT_EQ(describe_segment(folder.file("absent")).status().code(), Code::kNotFound);
  EXPECT_FALSE(describe_segment(folder.path()).ok());
}

}  // namespace
}  // namespace vamana
