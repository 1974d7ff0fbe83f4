// The plain distances: the table of a processor without SIMD, and the answer of last resort where the sums
// of a SIMD kernel left the range of f32. Floats add up in f64, bytes in integers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace vamana {

float dot_f32_scalar(const void* a, const void* b, size_t dim);
float cosine_f32_scalar(const void* a, const void* b, size_t dim);
float cosine_f16_scalar(const void* a, const void* b, size_t dim);

// 1 - cosine from the three sums; 1 when a vector is zero. The product of two sums fits f64 whatever f32
// vectors they are of, and equal sums give exactly 0.
inline float cosine_distance(double ab, double aa, double bb) {
  if (aa == 0.0 || bb == 0.0) return 1.0f;
  return static_cast<float>(std::clamp(1.0 - ab / std::sqrt(aa * bb), 0.0, 2.0));
}

// Whether an f32 sum of squares kept its precision. Below, squares of elements fell into the subnormals,
// each losing up to 2^-150, and 65536 of those are to stay under a millionth of the sum; above, it overflowed.
inline bool sum_in_range(float sum) { return sum > 1e-30f && sum < INFINITY; }

}  // namespace vamana
