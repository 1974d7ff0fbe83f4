// The place of the smallest of 256 floats: which centroid a sub-vector belongs to. Training and encoding
// spend their time between this and the distances before it.
#include <algorithm>

#include "kernels/parts.h"
#include "kernels/target.h"

namespace vamana {

namespace {

uint32_t argmin256_scalar(const float* values) {
  return static_cast<uint32_t>(std::min_element(values, values + 256) - values);
}

#if defined(__x86_64__)

// Both run the same way: the smallest value first, then the first place that holds it.
VAMANA_AVX2 uint32_t argmin256_avx2(const float* values) {
  __m256 least = _mm256_loadu_ps(values);
  for (size_t i = 8; i < 256; i += 8) least = _mm256_min_ps(least, _mm256_loadu_ps(values + i));
  least = _mm256_min_ps(least, _mm256_permute2f128_ps(least, least, 1));
  least = _mm256_min_ps(least, _mm256_permute_ps(least, 0b01001110));
  least = _mm256_min_ps(least, _mm256_permute_ps(least, 0b10110001));
  for (uint32_t i = 0; i < 256; i += 8) {
    const int equal = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(values + i), least, _CMP_EQ_OQ));
    if (equal != 0) return i + static_cast<uint32_t>(__builtin_ctz(static_cast<unsigned>(equal)));
  }
  return 0;  // only when every value is NaN
}

VAMANA_AVX512 uint32_t argmin256_avx512(const float* values) {
  __m512 least = _mm512_loadu_ps(values);
  for (size_t i = 16; i < 256; i += 16) least = _mm512_min_ps(least, _mm512_loadu_ps(values + i));
  const __m512 all = _mm512_set1_ps(_mm512_reduce_min_ps(least));
  for (uint32_t i = 0; i < 256; i += 16) {
    const __mmask16 equal = _mm512_cmp_ps_mask(_mm512_loadu_ps(values + i), all, _CMP_EQ_OQ);
    if (equal != 0) return i + static_cast<uint32_t>(__builtin_ctz(equal));
  }
  return 0;
}

#endif

}  // namespace

void fill_argmin256(KernelTable& table) {
  table.argmin256 = argmin256_scalar;
#if defined(__x86_64__)
  if (table.level == CpuLevel::kAvx2) table.argmin256 = argmin256_avx2;
  if (table.level == CpuLevel::kAvx512) table.argmin256 = argmin256_avx512;
#endif
}

}  // namespace vamana
