// The end of a row that does not fill a register, for AVX2, which has no masked load of bytes or halves.
#pragma once

#if defined(__x86_64__)

#include <cstdint>
#include <cstring>

#include "kernels/target.h"

namespace vamana {

// Zeros, then ones: sixteen bytes from kKeepLast + n keep the last n of sixteen.
alignas(32) inline constexpr uint8_t kKeepLast[32] = {0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
                                                      0,    0,    0,    0,    0,    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                                      0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

VAMANA_AVX2 inline __m128i load_16_bytes(const void* from) {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}

// The `count` < 16 bytes from `from` to the end of a row, the other bytes zero; where among the sixteen they
// stand depends on `long_row` only. A row of sixteen bytes or more is read back from its end, because a copy
// through the stack costs 15 ns a call.
VAMANA_AVX2 inline __m128i load_last_bytes(const void* from, size_t count, bool long_row) {
  const auto* bytes = static_cast<const uint8_t*>(from);
  if (long_row) return _mm_and_si128(load_16_bytes(bytes + count - 16), load_16_bytes(kKeepLast + count));
  uint8_t padded[16] = {};
  std::memcpy(padded, bytes, count);
  return load_16_bytes(padded);
}

}  // namespace vamana

#endif
