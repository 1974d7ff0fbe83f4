// Distances between f32 rows with AVX-512: four sums of sixteen lanes, the end of a row by a masked load.
//
// F16 is not here: the AVX2 kernels serve this level too. Converting sixteen halves in one instruction takes
// Zen 4 more than twice as long as eight (l2, ns a call: 9.6 against 8.1 at 128 dimensions, 52 against 40 at 768).
//
// Measured against the same kernels of simsimd 6.5 (vamana_kernels_bench, Zen 4, ns a call at 128 and 768
// dimensions): l2 6.7 and 33 against 8.5 and 43, dot 6.9 and 32 against 8.3 and 42: its one sum waits for itself.
// Its cosine is nearly as fast, but is 0 for two zero vectors, and wherever a sum of squares leaves the range of
// f32.
#if defined(__x86_64__)

#include <cstdint>

#include "kernels/distance_scalar.h"
#include "kernels/parts.h"
#include "kernels/target.h"

namespace vamana {

namespace {

VAMANA_AVX512 inline __m512 load(const float* from) { return _mm512_loadu_ps(from); }

// The last `count` < 16 elements of a row, and 0 for the rest.
VAMANA_AVX512 inline __m512 load_last(const float* from, size_t count) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>(_bzhi_u32(0xFFFF, static_cast<uint32_t>(count))), from);
}

struct L2 {
  VAMANA_AVX512 static __m512 add(__m512 sum, __m512 x, __m512 y) {
    const __m512 difference = _mm512_sub_ps(x, y);
    return _mm512_fmadd_ps(difference, difference, sum);
  }
};
struct L1 {
  VAMANA_AVX512 static __m512 add(__m512 sum, __m512 x, __m512 y) {
    return _mm512_add_ps(sum, _mm512_abs_ps(_mm512_sub_ps(x, y)));
  }
};
struct Dot {
  VAMANA_AVX512 static __m512 add(__m512 sum, __m512 x, __m512 y) { return _mm512_fmadd_ps(x, y, sum); }
};

template <class Term>
VAMANA_AVX512 float sum_of(const void* left, const void* right, size_t dim) {
  auto a = static_cast<const float*>(left);
  auto b = static_cast<const float*>(right);
  __m512 sum0 = _mm512_setzero_ps(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  for (; dim >= 64; dim -= 64, a += 64, b += 64) {
    sum0 = Term::add(sum0, load(a), load(b));
    sum1 = Term::add(sum1, load(a + 16), load(b + 16));
    sum2 = Term::add(sum2, load(a + 32), load(b + 32));
    sum3 = Term::add(sum3, load(a + 48), load(b + 48));
  }
  if (dim >= 32) {
    sum0 = Term::add(sum0, load(a), load(b));
    sum1 = Term::add(sum1, load(a + 16), load(b + 16));
    dim -= 32, a += 32, b += 32;
  }
  if (dim >= 16) {
    sum2 = Term::add(sum2, load(a), load(b));
    dim -= 16, a += 16, b += 16;
  }
  if (dim > 0) sum3 = Term::add(sum3, load_last(a, dim), load_last(b, dim));
  return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(sum0, sum1), _mm512_add_ps(sum2, sum3)));
}

VAMANA_AVX512 float l2(const void* a, const void* b, size_t dim) { return sum_of<L2>(a, b, dim); }

VAMANA_AVX512 float l1(const void* a, const void* b, size_t dim) { return sum_of<L1>(a, b, dim); }

VAMANA_AVX512 float dot(const void* a, const void* b, size_t dim) {
  const float sum = sum_of<Dot>(a, b, dim);
  // Partial sums may overflow in both directions where the whole does not: infinity less infinity.
  return std::isfinite(sum) ? 0.0f - sum : dot_f32_scalar(a, b, dim);
}

struct CosineSums {
  __m512 ab, aa, bb;
  VAMANA_AVX512 void add(__m512 x, __m512 y) {
    ab = _mm512_fmadd_ps(x, y, ab);
    aa = _mm512_fmadd_ps(x, x, aa);
    bb = _mm512_fmadd_ps(y, y, bb);
  }
};

VAMANA_AVX512 float cosine(const void* left, const void* right, size_t dim) {
  auto a = static_cast<const float*>(left);
  auto b = static_cast<const float*>(right);
  const __m512 zero = _mm512_setzero_ps();
  CosineSums even{zero, zero, zero}, odd{zero, zero, zero};
  size_t rest = dim;
  for (; rest >= 32; rest -= 32, a += 32, b += 32) {
    even.add(load(a), load(b));
    odd.add(load(a + 16), load(b + 16));
  }
  if (rest >= 16) {
    even.add(load(a), load(b));
    rest -= 16, a += 16, b += 16;
  }
  if (rest > 0) odd.add(load_last(a, rest), load_last(b, rest));
  const float aa = _mm512_reduce_add_ps(_mm512_add_ps(even.aa, odd.aa));
  const float bb = _mm512_reduce_add_ps(_mm512_add_ps(even.bb, odd.bb));
  if (!sum_in_range(aa) || !sum_in_range(bb)) return cosine_f32_scalar(left, right, dim);
  return cosine_distance(_mm512_reduce_add_ps(_mm512_add_ps(even.ab, odd.ab)), aa, bb);
}

}  // namespace

void fill_distance_f32_avx512(KernelTable& table) {
  set_distance(table, Metric::kL2, Element::kF32, l2);
  set_distance(table, Metric::kCosine, Element::kF32, cosine);
  set_distance(table, Metric::kDot, Element::kF32, dot);
  set_distance(table, Metric::kL1, Element::kF32, l1);
}

}  // namespace vamana

#endif
