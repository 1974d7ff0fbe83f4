// What the scalar codec (codec/rabitq.h) and its kernels agree on: how a code, a factor and a query's table
// look. Used by them only.
//
// Code of dim elements, `bits` (1 to 8) each:
//   0 | u16 | the row's addend, a small float from add_floor on
//   2 | u16 | the row's scale, a small float from scale_floor on
//   4 | dim * bits bits | element i in bits [i * bits, (i + 1) * bits), the lowest bit of a byte first
// Table: a RabitqQuery, then the query as signed bytes, zeros up to a multiple of kRabitqLanes.
//
// Elements lie one after the other for every width, not in planes: eight of them are always `bits` whole bytes,
// AVX-512 takes any width apart with one permutation and one multishift, and AVX2 with one shuffle and one
// multiplication, so every width goes through the same code and no dimension wastes a byte on a plane.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"

namespace vamana {

constexpr size_t kRabitqFactorBytes = 4;
constexpr size_t kRabitqLanes = 64;

// estimate = base + addend + weight * scale * (2 * dot(query, elements) - centre)
struct RabitqQuery {
  uint32_t dim;
  uint32_t bits;
  float base;
  float weight;
  uint32_t centre;  // (2^bits - 1) * sum of the query's bytes, modulo 2^32
  uint32_t add_floor;
  uint32_t scale_floor;
  uint32_t unused;
};
constexpr size_t kRabitqHeadFloats = sizeof(RabitqQuery) / sizeof(float);

// A positive float in 16 bits: 6 of exponent, 10 of fraction, no sign. `floor` is the f32 pattern of the smallest
// one, a power of two; they reach to 2^64 times that, with an error of 2^-11 at most. What is smaller or larger
// (or not a number) becomes the smallest or largest.
inline float small_float_value(uint16_t small, uint32_t floor) {
  return std::bit_cast<float>(floor + (uint32_t{small} << 13));
}
inline uint16_t small_float_of(float value, uint32_t floor) {
  if (value <= std::bit_cast<float>(floor)) return 0;
  const uint32_t steps = (std::bit_cast<uint32_t>(value) - floor + 0x1000) >> 13;
  return static_cast<uint16_t>(steps < 0xFFFF ? steps : 0xFFFF);
}
// The largest power of two from which 2^64 times it is still finite has the exponent 190.
constexpr uint32_t kSmallFloatExponentMax = 190;

// Integer products of the query with the elements of `count` codes, modulo 2^32. REQUIRES count a multiple of 4.
using RabitqDotsFn = void (*)(const int8_t* query, uint32_t dim, uint32_t bits, const uint8_t* const* codes,
                              size_t count, uint32_t* dots);

// The part of a score function that is the same on every level, so that all give the same floats.
void rabitq_score_by(RabitqDotsFn dots_of, const float* table, const CodeLayout& layout, const uint32_t* ids,
                     size_t count, float* out);

void rabitq_dots_scalar(const int8_t* query, uint32_t dim, uint32_t bits, const uint8_t* const* codes, size_t count,
                        uint32_t* dots);

}  // namespace vamana
