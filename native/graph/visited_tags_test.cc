// VisitedTags against std::set, over more searches than a tag can count.
#include "graph/visited_tags.h"

#include <gtest/gtest.h>

#include <set>

#include "base/prng.h"

namespace vamana {
namespace {

TEST(VisitedTags, AgreesWithASetOverManySearches) {
  Prng prng(5);
  VisitedTags tags;
  for (int search = 0; search < 1000; ++search) {
    const uint64_t nodes = 1 + prng.below(300);
    tags.bound(nodes);
    tags.reset();
    std::set<uint32_t> met;
    for (int i = 0; i < 40; ++i) {
      const auto node = static_cast<uint32_t>(prng.below(nodes));
      ASSERT_EQ(tags.insert(node), met.insert(node).second) << "search " << search << ", node " << node;
    }
  }
}

TEST(VisitedTags, NodesBeyondTheBoundCountAsMet) {
  VisitedTags tags;
  tags.bound(10);
  tags.reset();
  EXPECT_TRUE(tags.insert(9));
  EXPECT_FALSE(tags.insert(10));
  tags.bound(5);
  tags.reset();
  EXPECT_FALSE(tags.insert(7));
  tags.bound(20);
  tags.reset();
  EXPECT_TRUE(tags.insert(10));
  EXPECT_TRUE(tags.insert(7));
}

}  // namespace
}  // namespace vamana
