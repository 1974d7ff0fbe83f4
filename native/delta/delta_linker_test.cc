// The thread that links: that it comes to every row of every delta, forgets those that are gone, and ends when told.
#include "delta/delta_linker.h"

#include <gtest/gtest.h>

#include <chrono>

#include "testing/filled_delta.h"

namespace vamana {
namespace {

using testing::append_rows;
using testing::empty_delta;
using testing::filled_delta;
using testing::VectorSet;

template <typename Condition>
bool comes_true(const Condition& condition) {
  for (int i = 0; i < 20000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

TEST(DeltaLinker, LinksWhatIsThereAndWhatComes) {
  const VectorSet set = testing::make_vectors({.rows = 900, .dim = 8});
  DeltaLinker linker;
  const auto first = filled_delta(set, Metric::kL2, 0), second = empty_delta(set.dim, set.element, Metric::kDot);
  linker.add(first);
  linker.add(second);
  EXPECT_TRUE(comes_true([&] { return first->linked() == 900; }));
  for (uint32_t begin = 0; begin < set.rows; begin += 300) {
    ASSERT_TRUE(append_rows(*second, set, begin, begin + 300).ok());
    linker.wake();
    EXPECT_TRUE(comes_true([&] { return second->linked() == begin + 300; }));
  }
}

TEST(DeltaLinker, LinksAFrozenDeltaToItsEnd) {
  const VectorSet set = testing::make_vectors({.rows = 1000, .dim = 8});
  DeltaLinker linker;
  const auto delta = filled_delta(set, Metric::kL2, 0);
  delta->freeze();
  linker.add(delta);
  EXPECT_TRUE(comes_true([&] { return delta->linked() == 1000; }));
}

// A call that links some rows and goes keeps the thread out for as long; the rest is still the thread's.
TEST(DeltaLinker, TakesOverWhatAConcurrentThreadLeaves) {
  const VectorSet set = testing::make_vectors({.rows = 1500, .dim = 8});
  const auto delta = filled_delta(set, Metric::kL2, 0);
  DeltaLinker linker;
  std::thread other([&] { delta->link_some(1000); });
  linker.add(delta);
  other.join();
  EXPECT_TRUE(comes_true([&] { return delta->linked() == 1500; }));
}

TEST(DeltaLinker, KeepsNoDeltaAlive) {
  const VectorSet set = testing::make_vectors({.rows = 3000, .dim = 8});
  DeltaLinker linker;
  auto delta = filled_delta(set, Metric::kL2, 0);
  const std::weak_ptr<Delta> watch = delta;
  linker.add(delta);
  EXPECT_TRUE(comes_true([&] { return delta->linked() > 0; }));
  delta.reset();
  EXPECT_TRUE(comes_true([&] { return watch.expired(); }));
}

TEST(DeltaLinker, EndsWhereverLinkingStands) {
  const VectorSet set = testing::make_vectors({.rows = 20000, .dim = 32, .clusters = 2});
  const auto delta = filled_delta(set, Metric::kL2, 0);
  DeltaLinker linker;
  linker.add(delta);
  EXPECT_TRUE(comes_true([&] { return delta->linked() > 0; }));
  linker.close();
  const uint32_t linked = delta->linked();
  EXPECT_LT(linked, 20000u);
  linker.wake();
  linker.close();
  EXPECT_EQ(delta->linked(), linked);
}

}  // namespace
}  // namespace vamana
