// Products of a query with scalar codes by AVX2, sixteen elements of any width at a time: a shuffle puts the two
// bytes that hold an element into each 16-bit lane, a multiplication moves it to the top of the lane, a shift to
// the bottom. Words are multiplied, not bytes, because the one instruction that multiplies bytes saturates.
#if defined(__x86_64__)

#include "kernels/parts.h"
#include "kernels/rabitq_table.h"
#include "kernels/target.h"

namespace vamana {

namespace {

constexpr uint32_t kLanes = 16;
constexpr size_t kLoad = 16;  // bytes; sixteen elements are 2 * bits of them

template <uint32_t kBits>
struct Spread {
  alignas(32) uint8_t from[32];
  alignas(32) uint16_t factor[16];

  constexpr Spread() : from{}, factor{} {
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      const uint32_t byte = lane * kBits / 8;
      from[2 * lane] = static_cast<uint8_t>(byte);
      // A byte past the load holds no bit of the element; 0x80 makes it zero.
      from[2 * lane + 1] = static_cast<uint8_t>(byte + 1 < 2 * kBits ? byte + 1 : 0x80);
      factor[lane] = static_cast<uint16_t>(1u << (16 - kBits - lane * kBits % 8));
    }
  }
};
template <uint32_t kBits>
constexpr Spread<kBits> kSpread;

template <uint32_t kBits>
VAMANA_AVX2 inline __m256i words_of(const uint8_t* from, __m256i shuffle) {
  const __m256i bytes = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  const __m256i factor = _mm256_load_si256(reinterpret_cast<const __m256i*>(kSpread<kBits>.factor));
  return _mm256_srli_epi16(_mm256_mullo_epi16(_mm256_shuffle_epi8(bytes, shuffle), factor), 16 - kBits);
}

VAMANA_AVX2 inline __m128i quarter(__m256i lanes) {
  return _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
}

template <uint32_t kBits>
VAMANA_AVX2 void dots_of_four(const int8_t* query, uint32_t dim, const uint8_t* const* codes, uint32_t* dots) {
  const __m256i shuffle = _mm256_load_si256(reinterpret_cast<const __m256i*>(kSpread<kBits>.from));
  const size_t end = kRabitqFactorBytes + (size_t{dim} * kBits + 7) / 8;
  __m256i sums[4];
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; ++i) sums[i] = _mm256_setzero_si256();
  size_t at = kRabitqFactorBytes;
  for (uint32_t lane = 0; lane < dim; lane += kLanes, at += 2 * kBits) {
    const __m256i factors = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(query + lane)));
    // A load that would reach past the code is taken from its last bytes instead, and shuffled from further up.
    const size_t back = at + kLoad > end ? at + kLoad - end : 0;
    const __m256i moved = back == 0 ? shuffle : _mm256_add_epi8(shuffle, _mm256_set1_epi8(static_cast<char>(back)));
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; ++i) {
      const __m256i words = words_of<kBits>(codes[i] + at - back, moved);
      sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(words, factors));
    }
  }
  const __m128i low = _mm_hadd_epi32(quarter(sums[0]), quarter(sums[1]));
  const __m128i high = _mm_hadd_epi32(quarter(sums[2]), quarter(sums[3]));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(dots), _mm_hadd_epi32(low, high));
}

constexpr decltype(&dots_of_four<1>) kDotsOfFour[] = {dots_of_four<1>, dots_of_four<2>, dots_of_four<3>,
                                                      dots_of_four<4>, dots_of_four<5>, dots_of_four<6>,
                                                      dots_of_four<7>, dots_of_four<8>};

void dots_of(const int8_t* query, uint32_t dim, uint32_t bits, const uint8_t* const* codes, size_t count,
             uint32_t* dots) {
  if (kRabitqFactorBytes + (size_t{dim} * bits + 7) / 8 < kLoad) {
    rabitq_dots_scalar(query, dim, bits, codes, count, dots);
    return;
  }
  for (size_t i = 0; i < count; i += 4) kDotsOfFour[bits - 1](query, dim, codes + i, dots + i);
}

void rabitq_score(const float* table, const CodeLayout& layout, const uint32_t* ids, size_t count, float* out) {
  rabitq_score_by(dots_of, table, layout, ids, count, out);
}

}  // namespace

void fill_rabitq_avx2(KernelTable& table) { table.rabitq_score = rabitq_score; }

}  // namespace vamana

#endif
