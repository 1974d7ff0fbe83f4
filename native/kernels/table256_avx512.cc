// Distances from a sub-vector to 256 centroids with sixteen AVX-512 sums, which are all 256: one pass over
// the centroids, nothing stored before the end.
#if defined(__x86_64__)

#include "kernels/parts.h"
#include "kernels/target.h"

namespace vamana {

namespace {

struct L2 {
  VAMANA_AVX512 static __m512 add(__m512 sum, __m512 x, __m512 centroids) {
    const __m512 difference = _mm512_sub_ps(x, centroids);
    return _mm512_fmadd_ps(difference, difference, sum);
  }
};
struct Dot {
  VAMANA_AVX512 static __m512 add(__m512 sum, __m512 x, __m512 centroids) {
    return _mm512_fnmadd_ps(x, centroids, sum);
  }
};
struct L1 {
  VAMANA_AVX512 static __m512 add(__m512 sum, __m512 x, __m512 centroids) {
    return _mm512_add_ps(sum, _mm512_abs_ps(_mm512_sub_ps(x, centroids)));
  }
};

template <class Term>
VAMANA_AVX512 void table256(const float* x, const float* centroids, size_t sub_dim, float* out) {
  __m512 sums[16];
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) sums[i] = _mm512_setzero_ps();
  for (size_t d = 0; d < sub_dim; ++d, centroids += 256) {
    const __m512 value = _mm512_set1_ps(x[d]);
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; ++i) sums[i] = Term::add(sums[i], value, _mm512_loadu_ps(centroids + 16 * i));
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) _mm512_storeu_ps(out + 16 * i, sums[i]);
}

}  // namespace

void fill_table256_avx512(KernelTable& table) {
  table.table_l2 = table256<L2>;
  table.table_dot = table256<Dot>;
  table.table_l1 = table256<L1>;
}

}  // namespace vamana

#endif
