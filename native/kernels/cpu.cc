#include "kernels/cpu.h"

#include <cstdlib>

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace vamana {

namespace {

constexpr CpuLevel kLevels[] = {CpuLevel::kScalar, CpuLevel::kAvx2, CpuLevel::kAvx512, CpuLevel::kNeon};

struct Feature {
  std::string_view name;
  CpuLevel level;  // the lowest level that needs it
  bool present;
};

#if defined(__x86_64__)
// __builtin_cpu_supports takes literals only, and checks the system's support for the registers too.
const std::vector<Feature>& features() {
  static const std::vector<Feature> found = {
      {"avx2", CpuLevel::kAvx2, __builtin_cpu_supports("avx2") != 0},
      {"fma", CpuLevel::kAvx2, __builtin_cpu_supports("fma") != 0},
      {"f16c", CpuLevel::kAvx2, __builtin_cpu_supports("f16c") != 0},
      {"bmi2", CpuLevel::kAvx512, __builtin_cpu_supports("bmi2") != 0},
      {"avx512f", CpuLevel::kAvx512, __builtin_cpu_supports("avx512f") != 0},
      {"avx512bw", CpuLevel::kAvx512, __builtin_cpu_supports("avx512bw") != 0},
      {"avx512dq", CpuLevel::kAvx512, __builtin_cpu_supports("avx512dq") != 0},
      {"avx512vl", CpuLevel::kAvx512, __builtin_cpu_supports("avx512vl") != 0},
      {"avx512vnni", CpuLevel::kAvx512, __builtin_cpu_supports("avx512vnni") != 0},
      {"avx512vbmi", CpuLevel::kAvx512, __builtin_cpu_supports("avx512vbmi") != 0},
  };
  return found;
}
constexpr bool possible(CpuLevel level) { return level != CpuLevel::kNeon; }
#elif defined(__aarch64__)
const std::vector<Feature>& features() {
  static const unsigned long hwcap = ::getauxval(AT_HWCAP);
  static const std::vector<Feature> found = {
      {"asimd", CpuLevel::kNeon, (hwcap & HWCAP_ASIMD) != 0},
      {"asimdhp", CpuLevel::kNeon, (hwcap & HWCAP_ASIMDHP) != 0},
      {"asimddp", CpuLevel::kNeon, (hwcap & HWCAP_ASIMDDP) != 0},
  };
  return found;
}
constexpr bool possible(CpuLevel level) { return level == CpuLevel::kScalar || level == CpuLevel::kNeon; }
#else
const std::vector<Feature>& features() {
  static const std::vector<Feature> none;
  return none;
}
constexpr bool possible(CpuLevel level) { return level == CpuLevel::kScalar; }
#endif

}  // namespace

bool cpu_has(CpuLevel level) {
  if (!possible(level)) return false;
  for (const Feature& feature : features()) {
    if (feature.level <= level && !feature.present) return false;
  }
  return true;
}

CpuLevel best_cpu_level() {
  CpuLevel best = CpuLevel::kScalar;
  for (const CpuLevel level : kLevels) {
    if (cpu_has(level)) best = level;
  }
  return best;
}

CpuLevel chosen_cpu_level() {
  const char* wanted = std::getenv("VAMANA_CPU");
  for (const CpuLevel level : kLevels) {
    if (wanted != nullptr && wanted == std::string_view(cpu_level_name(level)) && cpu_has(level)) return level;
  }
  return best_cpu_level();
}

const char* cpu_level_name(CpuLevel level) {
  switch (level) {
    case CpuLevel::kScalar:
      return "scalar";
    case CpuLevel::kAvx2:
      return "avx2";
    case CpuLevel::kAvx512:
      return "avx512";
    case CpuLevel::kNeon:
      return "neon";
  }
  return "scalar";
}

std::vector<std::string_view> cpu_features() {
  std::vector<std::string_view> names;
  for (const Feature& feature : features()) {
    if (feature.present) names.push_back(feature.name);
  }
  return names;
}

}  // namespace vamana
