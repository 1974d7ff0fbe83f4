// What this processor can do, asked once. Used by the kernel tables and by what reports them (`doctor`);
// nothing else asks.
#pragma once

#include <string_view>
#include <vector>

#include "kernels/kernels.h"

namespace vamana {

// avx2 means AVX2 + FMA + F16C (Haswell, Zen); avx512 means F + BW + DQ + VL + VNNI + VBMI (Ice Lake,
// Zen 4); neon means ARMv8.2 with dot product and half precision (Graviton 2, Neoverse N1).
bool cpu_has(CpuLevel level);

// The highest level that cpu_has().
CpuLevel best_cpu_level();

// best_cpu_level(), unless VAMANA_CPU names another level that cpu_has().
CpuLevel chosen_cpu_level();

// "scalar", "avx2", "avx512", "neon".
const char* cpu_level_name(CpuLevel level);

// The names of the instruction sets above that were found, for reports.
std::vector<std::string_view> cpu_features();

}  // namespace vamana
