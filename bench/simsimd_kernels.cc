// What simsimd offers for this processor, put into the shape of our own kernel table.
#include "simsimd_kernels.h"

#if defined(__x86_64__)

#include "kernels/cpu.h"
#include "kernels/target.h"

#define SIMSIMD_TARGET_HASWELL 1
#define SIMSIMD_TARGET_SKYLAKE 1
#define SIMSIMD_TARGET_ICE 1
#define SIMSIMD_NATIVE_F16 0
#define SIMSIMD_NATIVE_BF16 0
#include <simsimd/dot.h>
#include <simsimd/spatial.h>

namespace vamana {

namespace {

template <class Value, void (*kKernel)(const Value*, const Value*, simsimd_size_t, simsimd_distance_t*)>
float wrapped(const void* a, const void* b, size_t dim) {
  simsimd_distance_t result;
  kKernel(static_cast<const Value*>(a), static_cast<const Value*>(b), dim, &result);
  return static_cast<float>(result);
}

template <class Value, auto kL2, auto kCosine, auto kDot>
void fill(KernelTable& table, Element element) {
  const auto at = static_cast<size_t>(element);
  table.distance[static_cast<size_t>(Metric::kL2)][at] = wrapped<Value, kL2>;
  table.distance[static_cast<size_t>(Metric::kCosine)][at] = wrapped<Value, kCosine>;
  table.distance[static_cast<size_t>(Metric::kDot)][at] = wrapped<Value, kDot>;
}

}  // namespace

KernelTable simsimd_table(CpuLevel level) {
  KernelTable table{};
  if (level >= CpuLevel::kAvx2 && cpu_has(level)) {
    fill<float, simsimd_l2sq_f32_haswell, simsimd_cos_f32_haswell, simsimd_dot_f32_haswell>(table, Element::kF32);
    fill<simsimd_f16_t, simsimd_l2sq_f16_haswell, simsimd_cos_f16_haswell, simsimd_dot_f16_haswell>(table,
                                                                                                    Element::kF16);
    fill<simsimd_u8_t, simsimd_l2sq_u8_haswell, simsimd_cos_u8_haswell, simsimd_dot_u8_haswell>(table, Element::kU8);
    fill<simsimd_i8_t, simsimd_l2sq_i8_haswell, simsimd_cos_i8_haswell, simsimd_dot_i8_haswell>(table, Element::kI8);
  }
  if (level == CpuLevel::kAvx512 && cpu_has(level)) {
    fill<float, simsimd_l2sq_f32_skylake, simsimd_cos_f32_skylake, simsimd_dot_f32_skylake>(table, Element::kF32);
    fill<simsimd_u8_t, simsimd_l2sq_u8_ice, simsimd_cos_u8_ice, simsimd_dot_u8_ice>(table, Element::kU8);
    fill<simsimd_i8_t, simsimd_l2sq_i8_ice, simsimd_cos_i8_ice, simsimd_dot_i8_ice>(table, Element::kI8);
  }
  return table;
}

}  // namespace vamana

#else

namespace vamana {

KernelTable simsimd_table(CpuLevel) { return {}; }

}  // namespace vamana

#endif
