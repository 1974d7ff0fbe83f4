// Scores of product-quantiser codes: the inner loop of the walk. One table look-up and one addition a byte,
// so what counts is how many look-ups are in flight at once.
//
// Several codes go side by side, one sum each: their additions do not wait for one another, and they share
// the kilobyte of the table that belongs to the subquantiser. A code's sum runs from the first subquantiser
// to the last whatever its place in the list, so equal codes get equal scores.
//
// There is no SIMD form because each was slower. Nanoseconds a code, random codes and ids, all in L1/L2, lists
// of 32 (Zen 4; "unrolled" is one code at a time with four sums, the gathers take 8 and 16 look-ups at once):
//   code bytes       16     24     32     48     64
//   side by side    4.9    6.7    8.8   12.6   20.1
//   unrolled        6.0   10.3   13.6   16.0   22.9
//   avx2 gather     7.9   11.9   17.9   22.7   29.1
//   avx512 gather   9.0   12.4   19.4   23.1   31.1
#include "kernels/parts.h"

namespace vamana {

namespace {

template <size_t kCodes>
void score_codes(const float* table, const CodeLayout& layout, const uint32_t* ids, float* out) {
  const uint8_t* codes[kCodes];
  float sums[kCodes] = {};
  for (size_t i = 0; i < kCodes; ++i) codes[i] = layout.code(ids[i]);
  for (uint32_t s = 0; s < layout.code_bytes; ++s, table += 256) {
#pragma GCC unroll 8
    for (size_t i = 0; i < kCodes; ++i) sums[i] += table[codes[i][s]];
  }
  for (size_t i = 0; i < kCodes; ++i) out[i] = sums[i];
}

void pq_score(const float* table, const CodeLayout& layout, const uint32_t* ids, size_t count, float* out) {
  for (; count >= 8; count -= 8, ids += 8, out += 8) score_codes<8>(table, layout, ids, out);
  if (count >= 4) {
    score_codes<4>(table, layout, ids, out);
    count -= 4, ids += 4, out += 4;
  }
  if (count >= 2) {
    score_codes<2>(table, layout, ids, out);
    count -= 2, ids += 2, out += 2;
  }
  if (count > 0) score_codes<1>(table, layout, ids, out);
}

}  // namespace

void fill_pq_score_scalar(KernelTable& table) { table.pq_score = pq_score; }

}  // namespace vamana
