// Distances on ARM, from the headers of simsimd: l2 and dot of every element type. L1, which it lacks, stays
// with the plain kernels. This is the one place that includes the library: on x86-64 its kernels were measured
// against our own and lost (distance_*_avx2.cc and distance_*_avx512.cc say by how much).
//
// Cosine is made of three dot products: the library's own is 0 for two zero vectors and multiplies
// approximate roots.
#if defined(__aarch64__)

#define SIMSIMD_NATIVE_F16 0
#define SIMSIMD_NATIVE_BF16 0
#include <simsimd/dot.h>
#include <simsimd/spatial.h>

#include <cstdint>

#include "kernels/distance_scalar.h"
#include "kernels/parts.h"

namespace vamana {

namespace {

struct F32 {
  using Value = simsimd_f32_t;
  static constexpr auto kL2 = simsimd_l2sq_f32_neon;
  static constexpr auto kDot = simsimd_dot_f32_neon;
  static constexpr auto kCosineAgain = cosine_f32_scalar;
};
struct F16 {
  using Value = simsimd_f16_t;
  static constexpr auto kL2 = simsimd_l2sq_f16_neon;
  static constexpr auto kDot = simsimd_dot_f16_neon;
  static constexpr auto kCosineAgain = cosine_f16_scalar;
};
struct U8 {
  using Value = simsimd_u8_t;
  static constexpr auto kL2 = simsimd_l2sq_u8_neon;
  static constexpr auto kDot = simsimd_dot_u8_neon;
};
struct I8 {
  using Value = simsimd_i8_t;
  static constexpr auto kL2 = simsimd_l2sq_i8_neon;
  static constexpr auto kDot = simsimd_dot_i8_neon;
};

template <class Type>
double dot_of(const void* a, const void* b, size_t dim) {
  simsimd_distance_t result;
  Type::kDot(static_cast<const typename Type::Value*>(a), static_cast<const typename Type::Value*>(b), dim, &result);
  return result;
}

template <class Type>
float l2(const void* a, const void* b, size_t dim) {
  simsimd_distance_t result;
  Type::kL2(static_cast<const typename Type::Value*>(a), static_cast<const typename Type::Value*>(b), dim, &result);
  return static_cast<float>(result);
}

template <class Type>
float dot(const void* a, const void* b, size_t dim) {
  return static_cast<float>(0.0 - dot_of<Type>(a, b, dim));
}

float dot_f32(const void* a, const void* b, size_t dim) {
  const double sum = dot_of<F32>(a, b, dim);
  // Partial sums may overflow in both directions where the whole does not: infinity less infinity.
  return std::isfinite(sum) ? static_cast<float>(0.0 - sum) : dot_f32_scalar(a, b, dim);
}

template <class Type>
float cosine_bytes(const void* a, const void* b, size_t dim) {
  return cosine_distance(dot_of<Type>(a, b, dim), dot_of<Type>(a, a, dim), dot_of<Type>(b, b, dim));
}

template <class Type>
float cosine_floats(const void* a, const void* b, size_t dim) {
  const double aa = dot_of<Type>(a, a, dim), bb = dot_of<Type>(b, b, dim);
  if (!sum_in_range(static_cast<float>(aa)) || !sum_in_range(static_cast<float>(bb))) {
    return Type::kCosineAgain(a, b, dim);
  }
  return cosine_distance(dot_of<Type>(a, b, dim), aa, bb);
}

}  // namespace

void fill_distance_neon(KernelTable& table) {
  set_distance(table, Metric::kL2, Element::kF32, l2<F32>);
  set_distance(table, Metric::kCosine, Element::kF32, cosine_floats<F32>);
  set_distance(table, Metric::kDot, Element::kF32, dot_f32);
  set_distance(table, Metric::kL2, Element::kF16, l2<F16>);
  set_distance(table, Metric::kCosine, Element::kF16, cosine_floats<F16>);
  set_distance(table, Metric::kDot, Element::kF16, dot<F16>);
  set_distance(table, Metric::kL2, Element::kU8, l2<U8>);
  set_distance(table, Metric::kCosine, Element::kU8, cosine_bytes<U8>);
  set_distance(table, Metric::kDot, Element::kU8, dot<U8>);
  set_distance(table, Metric::kL2, Element::kI8, l2<I8>);
  set_distance(table, Metric::kCosine, Element::kI8, cosine_bytes<I8>);
  set_distance(table, Metric::kDot, Element::kI8, dot<I8>);
}

}  // namespace vamana

#endif
