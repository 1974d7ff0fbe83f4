// Distances from a sub-vector to 256 centroids with eight AVX2 sums, 64 centroids at a time.
#if defined(__x86_64__)

#include "kernels/parts.h"
#include "kernels/target.h"

namespace vamana {

namespace {

struct L2 {
  VAMANA_AVX2 static __m256 add(__m256 sum, __m256 x, __m256 centroids) {
    const __m256 difference = _mm256_sub_ps(x, centroids);
    return _mm256_fmadd_ps(difference, difference, sum);
  }
};
struct Dot {
  VAMANA_AVX2 static __m256 add(__m256 sum, __m256 x, __m256 centroids) { return _mm256_fnmadd_ps(x, centroids, sum); }
};
struct L1 {
  VAMANA_AVX2 static __m256 add(__m256 sum, __m256 x, __m256 centroids) {
    return _mm256_add_ps(sum, _mm256_andnot_ps(_mm256_set1_ps(-0.0f), _mm256_sub_ps(x, centroids)));
  }
};

// Eight sums of eight lanes are as many as the sixteen registers hold beside what they are made of, so the
// centroids are taken 64 at a time.
template <class Term>
VAMANA_AVX2 void table256(const float* x, const float* centroids, size_t sub_dim, float* out) {
  for (size_t first = 0; first < 256; first += 64) {
    __m256 sums[8];
    for (auto& sum : sums) sum = _mm256_setzero_ps();
    const float* column = centroids + first;
    for (size_t d = 0; d < sub_dim; ++d, column += 256) {
      const __m256 value = _mm256_set1_ps(x[d]);
      for (size_t i = 0; i < 8; ++i) sums[i] = Term::add(sums[i], value, _mm256_loadu_ps(column + 8 * i));
    }
    for (size_t i = 0; i < 8; ++i) _mm256_storeu_ps(out + first + 8 * i, sums[i]);
  }
}

}  // namespace

void fill_table256_avx2(KernelTable& table) {
  table.table_l2 = table256<L2>;
  table.table_dot = table256<Dot>;
  table.table_l1 = table256<L1>;
}

}  // namespace vamana

#endif
