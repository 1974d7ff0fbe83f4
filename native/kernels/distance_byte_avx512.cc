// Distances between u8 and i8 rows with AVX-512 VNNI, exact in integers; the end of a row by a masked load.
//
// Measured against the same kernels of simsimd 6.5 (vamana_kernels_bench, Zen 4, ns a call at 128 and 768
// dimensions): u8 l2 5.0 and 17 against 5.9 and 19, dot 4.8 and 13 against 5.1 and 16; i8 l2 5.0 and 17 against
// 6.2 and 26, dot 4.6 and 15 against 5.9 and 23. Its sums are signed 32 bits, too few for u8 from 33,026
// dimensions on, and its cosine is 0 for two zero vectors.
#if defined(__x86_64__)

#include <cstdint>

#include "kernels/distance_scalar.h"
#include "kernels/parts.h"
#include "kernels/target.h"

namespace vamana {

namespace {

VAMANA_AVX512 inline __m512i load(const uint8_t* from) { return _mm512_loadu_si512(from); }
VAMANA_AVX512 inline __m512i load(const uint8_t* from, size_t count) {
  return _mm512_maskz_loadu_epi8(_bzhi_u64(~0ull, count), from);
}
// x with the top bit of each byte flipped: x + 128 as unsigned of a signed x, x - 128 as signed of an unsigned.
VAMANA_AVX512 inline __m512i flip(__m512i x) { return _mm512_xor_si512(x, _mm512_set1_epi8(-128)); }

// Not _mm512_reduce_add_epi32, which ends in a signed addition that may overflow.
VAMANA_AVX512 inline uint32_t total(__m512i lanes) {
  const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(lanes), _mm512_extracti64x4_epi64(lanes, 1));
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1));
  return static_cast<uint32_t>(_mm_cvtsi128_si32(sum));
}

// Unsigned by signed is the one product of bytes that the instruction has, so one factor is flipped, and 128
// times the sum of the other put right afterwards, all modulo 2^32: the true sums fit 32 bits.
struct U8 {
  VAMANA_AVX512 static __m512i difference(__m512i x, __m512i y) {
    return _mm512_sub_epi8(_mm512_max_epu8(x, y), _mm512_min_epu8(x, y));
  }
  VAMANA_AVX512 static __m512i ordered(__m512i x) { return x; }
  VAMANA_AVX512 static __m512i products(__m512i lanes, __m512i flipped_x, __m512i y) {
    return _mm512_dpbusd_epi32(lanes, y, flipped_x);
  }
  VAMANA_AVX512 static __m512i sums(__m512i lanes, __m512i y) {
    return _mm512_dpbusd_epi32(lanes, y, _mm512_set1_epi8(1));
  }
  VAMANA_AVX512 static uint32_t dot(__m512i products, __m512i sums) {
    return total(_mm512_add_epi32(products, _mm512_slli_epi32(sums, 7)));
  }
  static double number(uint32_t dot) { return dot; }
};

struct I8 {
  VAMANA_AVX512 static __m512i difference(__m512i x, __m512i y) {
    return _mm512_sub_epi8(_mm512_max_epi8(x, y), _mm512_min_epi8(x, y));
  }
  VAMANA_AVX512 static __m512i ordered(__m512i x) { return flip(x); }
  VAMANA_AVX512 static __m512i products(__m512i lanes, __m512i flipped_x, __m512i y) {
    return _mm512_dpbusd_epi32(lanes, flipped_x, y);
  }
  VAMANA_AVX512 static __m512i sums(__m512i lanes, __m512i y) {
    return _mm512_dpbusd_epi32(lanes, _mm512_set1_epi8(1), y);
  }
  VAMANA_AVX512 static uint32_t dot(__m512i products, __m512i sums) {
    return total(_mm512_sub_epi32(products, _mm512_slli_epi32(sums, 7)));
  }
  static double number(uint32_t dot) { return static_cast<int32_t>(dot); }
};

// The difference is unsigned whatever the type. It is squared as 16-bit words, half of the bytes at a time: as
// fast as products of bytes put right afterwards, and faster below 256 dimensions (4.6 against 4.9 ns at 128).
template <class Type>
struct L2 {
  __m512i low{}, high{};
  VAMANA_AVX512 void add(__m512i x, __m512i y) {
    const __m512i d = Type::difference(x, y), zero = _mm512_setzero_si512();
    const __m512i d0 = _mm512_unpacklo_epi8(d, zero), d1 = _mm512_unpackhi_epi8(d, zero);
    low = _mm512_dpwssd_epi32(low, d0, d0);
    high = _mm512_dpwssd_epi32(high, d1, d1);
  }
  VAMANA_AVX512 void add(const L2& other) {
    low = _mm512_add_epi32(low, other.low);
    high = _mm512_add_epi32(high, other.high);
  }
  VAMANA_AVX512 uint32_t value() const { return total(_mm512_add_epi32(low, high)); }
};

template <class Type>
struct L1 {
  __m512i sums{};
  VAMANA_AVX512 void add(__m512i x, __m512i y) {
    sums = _mm512_add_epi32(sums, _mm512_sad_epu8(Type::ordered(x), Type::ordered(y)));
  }
  VAMANA_AVX512 void add(const L1& other) { sums = _mm512_add_epi32(sums, other.sums); }
  VAMANA_AVX512 uint32_t value() const { return total(sums); }
};

template <class Type>
struct Dot {
  __m512i products{}, sums{};
  VAMANA_AVX512 void add(__m512i x, __m512i y) {
    products = Type::products(products, flip(x), y);
    sums = Type::sums(sums, y);
  }
  VAMANA_AVX512 void add(const Dot& other) {
    products = _mm512_add_epi32(products, other.products);
    sums = _mm512_add_epi32(sums, other.sums);
  }
  VAMANA_AVX512 uint32_t value() const { return Type::dot(products, sums); }
};

template <class Type, template <class> class Term>
VAMANA_AVX512 uint32_t sum_of(const void* left, const void* right, size_t dim) {
  auto a = static_cast<const uint8_t*>(left);
  auto b = static_cast<const uint8_t*>(right);
  Term<Type> even, odd;
  for (; dim >= 128; dim -= 128, a += 128, b += 128) {
    even.add(load(a), load(b));
    odd.add(load(a + 64), load(b + 64));
  }
  if (dim >= 64) {
    even.add(load(a), load(b));
    dim -= 64, a += 64, b += 64;
  }
  if (dim > 0) odd.add(load(a, dim), load(b, dim));
  even.add(odd);
  return even.value();
}

template <class Type>
VAMANA_AVX512 float l2(const void* a, const void* b, size_t dim) {
  return static_cast<float>(sum_of<Type, L2>(a, b, dim));
}

template <class Type>
VAMANA_AVX512 float l1(const void* a, const void* b, size_t dim) {
  return static_cast<float>(sum_of<Type, L1>(a, b, dim));
}

template <class Type>
VAMANA_AVX512 float dot(const void* a, const void* b, size_t dim) {
  return static_cast<float>(0.0 - Type::number(sum_of<Type, Dot>(a, b, dim)));
}

template <class Type>
VAMANA_AVX512 float cosine(const void* left, const void* right, size_t dim) {
  auto a = static_cast<const uint8_t*>(left);
  auto b = static_cast<const uint8_t*>(right);
  const __m512i zero = _mm512_setzero_si512();
  __m512i ab = zero, aa = zero, bb = zero, a_sum = zero, b_sum = zero;
  while (dim > 0) {
    const size_t count = dim < 64 ? dim : 64;
    const __m512i x = load(a, count), y = load(b, count);
    const __m512i flipped_x = flip(x);
    ab = Type::products(ab, flipped_x, y);
    aa = Type::products(aa, flipped_x, x);
    bb = Type::products(bb, flip(y), y);
    a_sum = Type::sums(a_sum, x);
    b_sum = Type::sums(b_sum, y);
    dim -= count, a += count, b += count;
  }
  return cosine_distance(Type::number(Type::dot(ab, b_sum)), Type::dot(aa, a_sum), Type::dot(bb, b_sum));
}

template <class Type>
void fill(KernelTable& table, Element element) {
  set_distance(table, Metric::kL2, element, l2<Type>);
  set_distance(table, Metric::kCosine, element, cosine<Type>);
  set_distance(table, Metric::kDot, element, dot<Type>);
  set_distance(table, Metric::kL1, element, l1<Type>);
}

}  // namespace

void fill_distance_byte_avx512(KernelTable& table) {
  fill<U8>(table, Element::kU8);
  fill<I8>(table, Element::kI8);
}

}  // namespace vamana

#endif
