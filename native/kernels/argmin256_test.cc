// argmin256 of every level against std::min_element: the first of equal values, anywhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "base/prng.h"
#include "kernels/kernels.h"

namespace vamana {
namespace {

TEST(ArgMin256, IsTheFirstOfTheSmallestUnderEveryLevel) {
  Prng prng(42);
  for (const CpuLevel level : {CpuLevel::kScalar, CpuLevel::kAvx2, CpuLevel::kAvx512}) {
    const KernelTable* table = kernels_at(level);
    if (table == nullptr) continue;
    float values[256];
    for (int round = 0; round < 2000; ++round) {
      // Few different values, so that ties are the rule; sometimes all equal or infinite.
      for (float& value : values) value = static_cast<float>(prng.below(static_cast<uint64_t>(round % 40) + 1)) - 3.0f;
      if (round % 7 == 0) values[prng.below(256)] = -std::numeric_limits<float>::infinity();
      if (round % 11 == 0) std::fill(values, values + 256, std::numeric_limits<float>::infinity());
      ASSERT_EQ(table->argmin256(values), std::min_element(values, values + 256) - values)
          << table->name << " round " << round;
    }
  }
}

}  // namespace
}  // namespace vamana
