// Half precision without F16C: IEEE 754 binary16 in integer steps, for single numbers and other processors.
#include <bit>
#include <cstdint>

#include "kernels/kernels.h"

namespace vamana {

// half:  sign 1, exponent 5 (bias 15), fraction 10
// float: sign 1, exponent 8 (bias 127), fraction 23
float f16_to_f32(uint16_t half) {
  const uint32_t sign = uint32_t{half & 0x8000u} << 16;
  const uint32_t magnitude = half & 0x7FFFu;
  if (magnitude >= 0x7C00) return std::bit_cast<float>(sign | 0x7F800000u | (magnitude & 0x3FF) << 13);
  if (magnitude >= 0x0400) return std::bit_cast<float>(sign | (magnitude + ((127 - 15) << 10)) << 13);
  // Zero and subnormals: multiples of 2^-24, exact in f32.
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(static_cast<float>(magnitude) * 0x1p-24f));
}

uint16_t f32_to_f16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) {
    // NaN stays NaN: of a payload that loses all its bits only the quiet bit is set.
    const auto payload = static_cast<uint16_t>(magnitude >> 13 & 0x3FF);
    return sign | 0x7C00 | (payload == 0 ? 0x200 : payload);
  }
  // 65520 is half way between the largest half and the next power of two, which "even" is.
  if (magnitude >= std::bit_cast<uint32_t>(65520.0f)) return sign | 0x7C00;
  if (magnitude < std::bit_cast<uint32_t>(0x1p-14f)) {
    // Subnormal: adding 0.5 puts multiples of 2^-24 into the lowest bit of the fraction, rounded by the addition.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return sign | static_cast<uint16_t>(std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(0.5f));
  }
  // Round to nearest even: just under half of the last kept bit, and one more when that bit is odd; a carry
  // into the exponent is what rounding up a full fraction means.
  const uint32_t rounded = magnitude + 0xFFF + (magnitude >> 13 & 1);
  return sign | static_cast<uint16_t>((rounded >> 13) - ((127 - 15) << 10));
}

}  // namespace vamana
