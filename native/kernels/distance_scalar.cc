#include "kernels/distance_scalar.h"

#include <cstdint>
#include <cstdlib>

#include "base/coding.h"
#include "kernels/parts.h"

namespace vamana {

namespace {

struct F32 {
  using Sum = double;
  static double at(const void* row, size_t i) { return load_le<float>(static_cast<const float*>(row) + i); }
};
struct F16 {
  using Sum = double;
  static double at(const void* row, size_t i) {
    return f16_to_f32(load_le<uint16_t>(static_cast<const uint16_t*>(row) + i));
  }
};
struct U8 {
  using Sum = int64_t;
  static int64_t at(const void* row, size_t i) { return static_cast<const uint8_t*>(row)[i]; }
};
struct I8 {
  using Sum = int64_t;
  static int64_t at(const void* row, size_t i) { return static_cast<const int8_t*>(row)[i]; }
};

template <class Type>
float l2(const void* a, const void* b, size_t dim) {
  typename Type::Sum sum = 0;
  for (size_t i = 0; i < dim; ++i) {
    const auto difference = Type::at(a, i) - Type::at(b, i);
    sum += difference * difference;
  }
  return static_cast<float>(sum);
}

template <class Type>
float l1(const void* a, const void* b, size_t dim) {
  typename Type::Sum sum = 0;
  for (size_t i = 0; i < dim; ++i) sum += std::abs(Type::at(a, i) - Type::at(b, i));
  return static_cast<float>(sum);
}

template <class Type>
float dot(const void* a, const void* b, size_t dim) {
  typename Type::Sum sum = 0;
  for (size_t i = 0; i < dim; ++i) sum += Type::at(a, i) * Type::at(b, i);
  return 0.0f - static_cast<float>(sum);
}

template <class Type>
float cosine(const void* a, const void* b, size_t dim) {
  typename Type::Sum ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < dim; ++i) {
    const auto x = Type::at(a, i), y = Type::at(b, i);
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return cosine_distance(static_cast<double>(ab), static_cast<double>(aa), static_cast<double>(bb));
}

template <class Type>
void fill(KernelTable& table, Element element) {
  set_distance(table, Metric::kL2, element, l2<Type>);
  set_distance(table, Metric::kCosine, element, cosine<Type>);
  set_distance(table, Metric::kDot, element, dot<Type>);
  set_distance(table, Metric::kL1, element, l1<Type>);
}

}  // namespace

float dot_f32_scalar(const void* a, const void* b, size_t dim) { return dot<F32>(a, b, dim); }
float cosine_f32_scalar(const void* a, const void* b, size_t dim) { return cosine<F32>(a, b, dim); }
float cosine_f16_scalar(const void* a, const void* b, size_t dim) { return cosine<F16>(a, b, dim); }

void fill_distance_scalar(KernelTable& table) {
  fill<F32>(table, Element::kF32);
  fill<F16>(table, Element::kF16);
  fill<U8>(table, Element::kU8);
  fill<I8>(table, Element::kI8);
}

}  // namespace vamana
