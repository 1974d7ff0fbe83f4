#include "kernels/unpack_list.h"

#include <cstring>

#include "base/coding.h"

#if defined(__x86_64__)
// g++ 12 takes the deliberately undefined operands of its own AVX-512 headers for a mistake (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#endif

namespace vamana {

namespace {

struct ListHead {
  uint32_t position;  // of the node itself among the ascending numbers
  uint32_t count;
  const uint8_t* selectors;
  const uint8_t* values;
};

inline ListHead read_head(const uint8_t* list, const ListLayout& layout) {
  ListHead head;
  head.position = list[0] & 0x7F;
  const bool own_count = (list[0] & 0x80) != 0;
  head.count = own_count ? list[1] : layout.degree;
  head.selectors = list + 1 + (own_count ? 1 : 0);
  head.values = head.selectors + (head.count * layout.selector_bits + 7) / 8;
  return head;
}

// The reference: one value at a time from an unaligned 64-bit load.
uint32_t unpack_scalar(const uint8_t* list, uint32_t node, const ListLayout& layout, uint32_t* out) {
  const ListHead head = read_head(list, layout);
  const uint32_t selector_mask = (1u << layout.selector_bits) - 1;
  uint64_t selector_at = 0, value_at = 0;
  uint32_t sum = 0, before = 0;
  // Numbers relative to the smallest of the n + 1; `before` becomes the node's own.
  uint32_t* to = out;
  if (head.position != 0) *to++ = 0;
  for (uint32_t i = 1; i <= head.count; ++i) {
    const uint32_t selector =
        (load_le<uint16_t>(head.selectors + selector_at / 8) >> (selector_at % 8)) & selector_mask;
    const uint32_t bits = layout.class_bits[selector];
    const uint64_t word = load_le<uint64_t>(head.values + value_at / 8) >> (value_at % 8);
    sum += static_cast<uint32_t>(word & ((uint64_t{1} << bits) - 1)) + 1;
    selector_at += layout.selector_bits;
    value_at += bits;
    if (i == head.position) {
      before = sum;
    } else {
      *to++ = sum;
    }
  }
  const uint32_t base = node - before;
  for (uint32_t i = 0; i < head.count; ++i) out[i] += base;
  return head.count;
}

#if defined(__x86_64__)

#define VAMANA_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")))

VAMANA_AVX512 inline __m512i prefix_sum(__m512i x) {
  const __m512i zero = _mm512_setzero_si512();
  x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 15));
  x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 14));
  x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 12));
  return _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 8));
}

// Sixteen values a step. Their bits lie within 51 bytes of one 64-byte load when no class is wider than
// 25 bits, so a byte permutation fetches four bytes for every lane: no gather, which is slow on this code's
// target processors.
VAMANA_AVX512 uint32_t unpack_avx512(const uint8_t* list, uint32_t node, const ListLayout& layout, uint32_t* out) {
  const ListHead head = read_head(list, layout);
  const uint32_t selector_bits = layout.selector_bits;
  const __m128i class_bits = _mm_load_si128(reinterpret_cast<const __m128i*>(layout.class_bits.data()));
  const __m128i steps = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  // Bit offset of each lane's selector in a 64-bit word: lane x selector bits, at most 60.
  const __m128i select_at = _mm256_cvtepi16_epi8(
      _mm256_mullo_epi16(_mm256_cvtepu8_epi16(steps), _mm256_set1_epi16(static_cast<short>(selector_bits))));
  const __m128i selector_mask = _mm_set1_epi8(static_cast<char>((1u << selector_bits) - 1));
  const __m512i byte_steps = _mm512_set1_epi32(0x03020100);
  const __m512i spread = _mm512_set1_epi32(0x01010101);
  const __m512i one = _mm512_set1_epi32(1);

  alignas(64) uint32_t sums[160];
  sums[0] = 0;
  uint32_t carry = 0;
  uint64_t value_at = 0;
  for (uint32_t i = 0; i < head.count; i += 16) {
    const auto selector_word = load_le<uint64_t>(head.selectors + (i / 8) * selector_bits);
    const __m128i selectors = _mm_and_si128(
        _mm_multishift_epi64_epi8(select_at, _mm_set1_epi64x(static_cast<long long>(selector_word))), selector_mask);
    const __m512i bits = _mm512_cvtepu8_epi32(_mm_shuffle_epi8(class_bits, selectors));
    const __m512i ends = prefix_sum(bits);
    const __m512i begins =
        _mm512_add_epi32(_mm512_sub_epi32(ends, bits), _mm512_set1_epi32(static_cast<int>(value_at % 8)));
    const __m512i window = _mm512_loadu_si512(head.values + value_at / 8);
    const __m512i bytes_at = _mm512_add_epi32(_mm512_mullo_epi32(_mm512_srli_epi32(begins, 3), spread), byte_steps);
    const __m512i words = _mm512_permutexvar_epi8(bytes_at, window);
    const __m512i shifted = _mm512_srlv_epi32(words, _mm512_and_si512(begins, _mm512_set1_epi32(7)));
    const __m512i masks = _mm512_sub_epi32(_mm512_sllv_epi32(one, bits), one);
    const __m512i gaps = _mm512_add_epi32(_mm512_and_si512(shifted, masks), one);
    const __m512i total = _mm512_add_epi32(prefix_sum(gaps), _mm512_set1_epi32(static_cast<int>(carry)));
    _mm512_storeu_si512(sums + 1 + i, total);
    carry = sums[16 + i];
    value_at += static_cast<uint32_t>(_mm_extract_epi32(_mm512_extracti32x4_epi32(ends, 3), 3));
  }
  // The node's own number is dropped: lanes at or past its position take the next one.
  const __m512i base = _mm512_set1_epi32(static_cast<int>(node - sums[head.position]));
  __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i position = _mm512_set1_epi32(static_cast<int>(head.position));
  for (uint32_t i = 0; i < head.count; i += 16) {
    const __mmask16 after = _mm512_cmpge_epu32_mask(lane, position);
    const __m512i here = _mm512_loadu_si512(sums + i);
    const __m512i next = _mm512_loadu_si512(sums + i + 1);
    _mm512_storeu_si512(out + i, _mm512_add_epi32(_mm512_mask_blend_epi32(after, here, next), base));
    lane = _mm512_add_epi32(lane, _mm512_set1_epi32(16));
  }
  return head.count;
}

#endif

}  // namespace

// AVX2 has no byte permutation across a register, and its gathers were no faster than the scalar loop.
UnpackFn unpack_kernel([[maybe_unused]] CpuLevel level, [[maybe_unused]] const ListLayout& layout) {
#if defined(__x86_64__)
  if (level == CpuLevel::kAvx512 && layout.bits_max <= 25) return unpack_avx512;
#endif
  return unpack_scalar;
}

}  // namespace vamana
