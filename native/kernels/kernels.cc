#include "kernels/kernels.h"

#include "kernels/cpu.h"
#include "kernels/parts.h"

namespace vamana {

namespace {

KernelTable make_table(CpuLevel level) {
  KernelTable table{};
  table.level = level;
  table.name = cpu_level_name(level);
  fill_distance_scalar(table);
  fill_table256_scalar(table);
  fill_pq_score_scalar(table);
  fill_rabitq_scalar(table);
  fill_widen_scalar(table);
  fill_argmin256(table);
#if defined(__x86_64__)
  if (level >= CpuLevel::kAvx2) {
    fill_distance_float_avx2(table);
    fill_distance_byte_avx2(table);
    fill_table256_avx2(table);
    fill_rabitq_avx2(table);
    fill_widen_avx2(table);
  }
  if (level >= CpuLevel::kAvx512) {
    fill_distance_f32_avx512(table);
    fill_distance_byte_avx512(table);
    fill_table256_avx512(table);
    fill_rabitq_avx512(table);
    fill_pq_score_avx512(table);
  }
#elif defined(__aarch64__)
  if (level == CpuLevel::kNeon) fill_distance_neon(table);
#endif
  return table;
}

}  // namespace

const KernelTable& kernels() {
  static const KernelTable table = make_table(chosen_cpu_level());
  return table;
}

const KernelTable* kernels_at(CpuLevel level) {
  static const KernelTable tables[] = {make_table(CpuLevel::kScalar), make_table(CpuLevel::kAvx2),
                                       make_table(CpuLevel::kAvx512), make_table(CpuLevel::kNeon)};
  return cpu_has(level) ? &tables[static_cast<size_t>(level)] : nullptr;
}

}  // namespace vamana
