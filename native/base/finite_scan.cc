#include "base/finite_scan.h"

#include <algorithm>

#include "base/coding.h"

namespace vamana {

namespace {

constexpr size_t kBlock = 1024;

// 1 when one of the values has all bits of `exponent` set. No early way out, so that it vectorises.
template <typename Bits, Bits exponent>
bool block_has_not_finite(const uint8_t* values, size_t count) {
  Bits found = 0;
  for (size_t i = 0; i < count; ++i) {
    const Bits bits = load_le<Bits>(values + i * sizeof(Bits));
    found |= static_cast<Bits>((bits & exponent) == exponent);
  }
  return found != 0;
}

template <typename Bits, Bits exponent>
size_t first_not_finite(const uint8_t* values, size_t count) {
  for (size_t begin = 0; begin < count; begin += kBlock) {
    const size_t size = std::min(kBlock, count - begin);
    if (!block_has_not_finite<Bits, exponent>(values + begin * sizeof(Bits), size)) continue;
    for (size_t i = begin; i < begin + size; ++i) {
      if ((load_le<Bits>(values + i * sizeof(Bits)) & exponent) == exponent) return i;
    }
  }
  return count;
}

}  // namespace

size_t first_not_finite_f32(const uint8_t* values, size_t count) {
  return first_not_finite<uint32_t, 0x7F800000u>(values, count);
}

size_t first_not_finite_f16(const uint8_t* values, size_t count) {
  return first_not_finite<uint16_t, 0x7C00u>(values, count);
}

}  // namespace vamana
