#include "kernels/cpu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "testing/forced_variable.h"

namespace vamana {
namespace {

class ForcedCpu : testing::ForcedVariable {
 public:
  explicit ForcedCpu(const char* value) : ForcedVariable("VAMANA_CPU", value) {}
};

constexpr CpuLevel kLevels[] = {CpuLevel::kScalar, CpuLevel::kAvx2, CpuLevel::kAvx512, CpuLevel::kNeon};

TEST(Cpu, ScalarIsAlwaysThereAndTheBestIsHad) {
  EXPECT_TRUE(cpu_has(CpuLevel::kScalar));
  EXPECT_TRUE(cpu_has(best_cpu_level()));
  EXPECT_TRUE(cpu_has(CpuLevel::kAvx2) || !cpu_has(CpuLevel::kAvx512));
  EXPECT_FALSE(cpu_has(CpuLevel::kAvx2) && cpu_has(CpuLevel::kNeon));
}

TEST(Cpu, TheVariableForcesALevelThatIsThere) {
  for (const CpuLevel level : kLevels) {
    const ForcedCpu forced(cpu_level_name(level));
    EXPECT_EQ(chosen_cpu_level(), cpu_has(level) ? level : best_cpu_level()) << cpu_level_name(level);
  }
}

TEST(Cpu, WithoutOrWithAnUnknownNameTheBestIsChosen) {
  for (const char* value : {static_cast<const char*>(nullptr), "", "sse9"}) {
    const ForcedCpu forced(value);
    EXPECT_EQ(chosen_cpu_level(), best_cpu_level());
  }
}

TEST(Cpu, FeaturesOfTheBestLevelAreNamed) {
  const auto features = cpu_features();
  const auto named = [&](std::string_view name) {
    return std::find(features.begin(), features.end(), name) != features.end();
  };
  EXPECT_EQ(named("avx512vnni") && named("avx512vbmi") && named("avx2"), cpu_has(CpuLevel::kAvx512));
  EXPECT_EQ(named("asimddp"), cpu_has(CpuLevel::kNeon));
}

}  // namespace
}  // namespace vamana
