#include "base/element.h"

#include <gtest/gtest.h>

namespace vamana {
namespace {

TEST(Element, NamesSizesAndNumbersStandInFiles) {
  const struct {
    Element element;
    uint32_t number;
    std::string_view name;
    size_t bytes;
  } elements[] = {{Element::kF32, 0, "f32", 4},
                  {Element::kF16, 1, "f16", 2},
                  {Element::kU8, 2, "u8", 1},
                  {Element::kI8, 3, "i8", 1}};
  ASSERT_EQ(std::size(elements), kElementCount);
  for (const auto& one : elements) {
    EXPECT_EQ(static_cast<uint32_t>(one.element), one.number);
    EXPECT_EQ(element_name(one.element), one.name);
    EXPECT_EQ(element_bytes(one.element), one.bytes);
  }
  EXPECT_EQ(element_name(static_cast<Element>(99)), "unknown");
}

TEST(Metric, NamesAndNumbersStandInFiles) {
  const struct {
    Metric metric;
    uint32_t number;
    std::string_view name;
  } metrics[] = {
      {Metric::kL2, 0, "l2"}, {Metric::kCosine, 1, "cosine"}, {Metric::kDot, 2, "dot"}, {Metric::kL1, 3, "l1"}};
  ASSERT_EQ(std::size(metrics), kMetricCount);
  for (const auto& one : metrics) {
    EXPECT_EQ(static_cast<uint32_t>(one.metric), one.number);
    EXPECT_EQ(metric_name(one.metric), one.name);
  }
  EXPECT_EQ(metric_name(static_cast<Metric>(99)), "unknown");
}

}  // namespace
}  // namespace vamana
