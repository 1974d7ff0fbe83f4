// Rows of any element type to f32. F16 is the one that gains from SIMD written by hand; the compiler
// vectorises the bytes.
#include <cstring>

#include "base/coding.h"
#include "kernels/parts.h"
#include "kernels/target.h"

namespace vamana {

namespace {

void widen_f32(const void* row, size_t dim, float* out) { std::memcpy(out, row, dim * sizeof(float)); }

void widen_f16(const void* row, size_t dim, float* out) {
  const auto* halves = static_cast<const uint8_t*>(row);
  for (size_t i = 0; i < dim; ++i) out[i] = f16_to_f32(load_le<uint16_t>(halves + 2 * i));
}

void widen_u8(const void* row, size_t dim, float* out) {
  const auto* bytes = static_cast<const uint8_t*>(row);
  for (size_t i = 0; i < dim; ++i) out[i] = bytes[i];
}

void widen_i8(const void* row, size_t dim, float* out) {
  const auto* bytes = static_cast<const int8_t*>(row);
  for (size_t i = 0; i < dim; ++i) out[i] = bytes[i];
}

void set_widen(KernelTable& table, Element element, WidenFn kernel) {
  table.widen[static_cast<size_t>(element)] = kernel;
}

}  // namespace

void fill_widen_scalar(KernelTable& table) {
  set_widen(table, Element::kF32, widen_f32);
  set_widen(table, Element::kF16, widen_f16);
  set_widen(table, Element::kU8, widen_u8);
  set_widen(table, Element::kI8, widen_i8);
}

#if defined(__x86_64__)

namespace {

VAMANA_AVX2 void widen_f16_avx2(const void* row, size_t dim, float* out) {
  const auto* halves = static_cast<const uint8_t*>(row);
  size_t i = 0;
  for (; i + 8 <= dim; i += 8) {
    const __m128i eight = _mm_loadu_si128(reinterpret_cast<const __m128i*>(halves + 2 * i));
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(eight));
  }
  for (; i < dim; ++i) out[i] = _cvtsh_ss(load_le<uint16_t>(halves + 2 * i));
}

VAMANA_AVX2 void widen_u8_avx2(const void* row, size_t dim, float* out) {
  const auto* bytes = static_cast<const uint8_t*>(row);
  for (size_t i = 0; i < dim; ++i) out[i] = bytes[i];
}

VAMANA_AVX2 void widen_i8_avx2(const void* row, size_t dim, float* out) {
  const auto* bytes = static_cast<const int8_t*>(row);
  for (size_t i = 0; i < dim; ++i) out[i] = bytes[i];
}

}  // namespace

void fill_widen_avx2(KernelTable& table) {
  set_widen(table, Element::kF16, widen_f16_avx2);
  set_widen(table, Element::kU8, widen_u8_avx2);
  set_widen(table, Element::kI8, widen_i8_avx2);
}

#endif

}  // namespace vamana
