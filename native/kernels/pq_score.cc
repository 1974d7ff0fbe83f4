// Scores of product-quantiser codes: the inner loop of the walk. One table look-up and one addition a byte,
// so what counts is how many look-ups are in flight at once.
//
// Several codes go side by side, one sum each: their additions do not wait for one another, and they share
// the quarter of a kilobyte of the table that belongs to the subquantiser. Sums are of integers, so equal codes get
// equal scores.
#include <cstring>

#include "kernels/parts.h"
#include "kernels/pq_table.h"

namespace vamana {

namespace {

template <size_t kCodes>
void score_codes(const PqQuery& query, const uint8_t* entries, const CodeLayout& layout, const uint32_t* ids,
                 float* out) {
  const uint8_t* codes[kCodes];
  uint32_t sums[kCodes] = {};
  for (size_t i = 0; i < kCodes; ++i) codes[i] = layout.code(ids[i]);
  for (uint32_t s = 0; s < layout.code_bytes; ++s, entries += kPqEntries) {
#pragma GCC unroll 8
    for (size_t i = 0; i < kCodes; ++i) sums[i] += entries[codes[i][s]];
  }
  for (size_t i = 0; i < kCodes; ++i) out[i] = query.base + query.scale * static_cast<float>(sums[i]);
}

}  // namespace

void pq_score_scalar(const float* table, const CodeLayout& layout, const uint32_t* ids, size_t count, float* out) {
  PqQuery query;
  std::memcpy(&query, table, sizeof query);
  const auto* const entries = reinterpret_cast<const uint8_t*>(table + kPqHeadFloats);
  for (; count >= 8; count -= 8, ids += 8, out += 8) score_codes<8>(query, entries, layout, ids, out);
  if (count >= 4) {
    score_codes<4>(query, entries, layout, ids, out);
    count -= 4, ids += 4, out += 4;
  }
  if (count >= 2) {
    score_codes<2>(query, entries, layout, ids, out);
    count -= 2, ids += 2, out += 2;
  }
  if (count > 0) score_codes<1>(query, entries, layout, ids, out);
}

void fill_pq_score_scalar(KernelTable& table) { table.pq_score = pq_score_scalar; }

}  // namespace vamana
