// Distances between f32 or f16 rows with AVX2: four sums of eight lanes.
//
// Measured against the same kernels of simsimd 6.5 (vamana_kernels_bench, Zen 4, ns a call at 128 and 768
// dimensions): f32 dot 7.8 and 32 against 9.8 and 71, f16 l2 8.2 and 40 against 17 and 102: its one sum waits for
// itself. Its cosine is 0 for two zero vectors, and wherever a sum of squares leaves the range of f32.
#if defined(__x86_64__)

#include <cstdint>

#include "kernels/distance_scalar.h"
#include "kernels/parts.h"
#include "kernels/tail_avx2.h"
#include "kernels/target.h"

namespace vamana {

namespace {

// Eight elements as f32, from any address; load_last reads the `count` < 8 from `from` to the end of a row, and
// fills up with zeros. `long_row`: the row has eight elements or more.
struct F32 {
  using Pointer = const float*;
  static constexpr auto kCosineAgain = cosine_f32_scalar;
  VAMANA_AVX2 static __m256 load(Pointer from) { return _mm256_loadu_ps(from); }
  VAMANA_AVX2 static __m256 load_last(Pointer from, size_t count, bool /*long_row*/) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskload_ps(from, _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane));
  }
};
struct F16 {
  using Pointer = const uint16_t*;
  static constexpr auto kCosineAgain = cosine_f16_scalar;
  VAMANA_AVX2 static __m256 load(Pointer from) { return _mm256_cvtph_ps(load_16_bytes(from)); }
  VAMANA_AVX2 static __m256 load_last(Pointer from, size_t count, bool long_row) {
    return _mm256_cvtph_ps(load_last_bytes(from, count * sizeof(uint16_t), long_row));
  }
};

VAMANA_AVX2 inline float total(__m256 lanes) {
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

struct L2 {
  VAMANA_AVX2 static __m256 add(__m256 sum, __m256 x, __m256 y) {
    const __m256 difference = _mm256_sub_ps(x, y);
    return _mm256_fmadd_ps(difference, difference, sum);
  }
};
struct L1 {
  VAMANA_AVX2 static __m256 add(__m256 sum, __m256 x, __m256 y) {
    return _mm256_add_ps(sum, _mm256_andnot_ps(_mm256_set1_ps(-0.0f), _mm256_sub_ps(x, y)));
  }
};
struct Dot {
  VAMANA_AVX2 static __m256 add(__m256 sum, __m256 x, __m256 y) { return _mm256_fmadd_ps(x, y, sum); }
};

template <class Type, class Term>
VAMANA_AVX2 float sum_of(const void* left, const void* right, size_t dim) {
  auto a = static_cast<typename Type::Pointer>(left);
  auto b = static_cast<typename Type::Pointer>(right);
  const bool long_row = dim >= 8;
  __m256 sum0 = _mm256_setzero_ps(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  for (; dim >= 32; dim -= 32, a += 32, b += 32) {
    sum0 = Term::add(sum0, Type::load(a), Type::load(b));
    sum1 = Term::add(sum1, Type::load(a + 8), Type::load(b + 8));
    sum2 = Term::add(sum2, Type::load(a + 16), Type::load(b + 16));
    sum3 = Term::add(sum3, Type::load(a + 24), Type::load(b + 24));
  }
  if (dim >= 16) {
    sum0 = Term::add(sum0, Type::load(a), Type::load(b));
    sum1 = Term::add(sum1, Type::load(a + 8), Type::load(b + 8));
    dim -= 16, a += 16, b += 16;
  }
  if (dim >= 8) {
    sum2 = Term::add(sum2, Type::load(a), Type::load(b));
    dim -= 8, a += 8, b += 8;
  }
  if (dim > 0) sum3 = Term::add(sum3, Type::load_last(a, dim, long_row), Type::load_last(b, dim, long_row));
  return total(_mm256_add_ps(_mm256_add_ps(sum0, sum1), _mm256_add_ps(sum2, sum3)));
}

template <class Type>
VAMANA_AVX2 float l2(const void* a, const void* b, size_t dim) {
  return sum_of<Type, L2>(a, b, dim);
}

template <class Type>
VAMANA_AVX2 float l1(const void* a, const void* b, size_t dim) {
  return sum_of<Type, L1>(a, b, dim);
}

VAMANA_AVX2 float dot_f16(const void* a, const void* b, size_t dim) { return 0.0f - sum_of<F16, Dot>(a, b, dim); }

VAMANA_AVX2 float dot_f32(const void* a, const void* b, size_t dim) {
  const float sum = sum_of<F32, Dot>(a, b, dim);
  // Partial sums may overflow in both directions where the whole does not: infinity less infinity.
  return std::isfinite(sum) ? 0.0f - sum : dot_f32_scalar(a, b, dim);
}

struct CosineSums {
  __m256 ab, aa, bb;
  VAMANA_AVX2 void add(__m256 x, __m256 y) {
    ab = _mm256_fmadd_ps(x, y, ab);
    aa = _mm256_fmadd_ps(x, x, aa);
    bb = _mm256_fmadd_ps(y, y, bb);
  }
};

template <class Type>
VAMANA_AVX2 float cosine(const void* left, const void* right, size_t dim) {
  auto a = static_cast<typename Type::Pointer>(left);
  auto b = static_cast<typename Type::Pointer>(right);
  const __m256 zero = _mm256_setzero_ps();
  CosineSums even{zero, zero, zero}, odd{zero, zero, zero};
  size_t rest = dim;
  for (; rest >= 16; rest -= 16, a += 16, b += 16) {
    even.add(Type::load(a), Type::load(b));
    odd.add(Type::load(a + 8), Type::load(b + 8));
  }
  if (rest >= 8) {
    even.add(Type::load(a), Type::load(b));
    rest -= 8, a += 8, b += 8;
  }
  if (rest > 0) odd.add(Type::load_last(a, rest, dim >= 8), Type::load_last(b, rest, dim >= 8));
  const float aa = total(_mm256_add_ps(even.aa, odd.aa));
  const float bb = total(_mm256_add_ps(even.bb, odd.bb));
  if (!sum_in_range(aa) || !sum_in_range(bb)) return Type::kCosineAgain(left, right, dim);
  return cosine_distance(total(_mm256_add_ps(even.ab, odd.ab)), aa, bb);
}

template <class Type>
void fill(KernelTable& table, Element element, DistanceFn dot) {
  set_distance(table, Metric::kL2, element, l2<Type>);
  set_distance(table, Metric::kCosine, element, cosine<Type>);
  set_distance(table, Metric::kDot, element, dot);
  set_distance(table, Metric::kL1, element, l1<Type>);
}

}  // namespace

void fill_distance_float_avx2(KernelTable& table) {
  fill<F32>(table, Element::kF32, dot_f32);
  fill<F16>(table, Element::kF16, dot_f16);
}

}  // namespace vamana

#endif
