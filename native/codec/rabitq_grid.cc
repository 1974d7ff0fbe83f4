#include "codec/rabitq_grid.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace vamana {

namespace {

constexpr uint32_t kWidth = 8;

// The step of the uniform quantiser with the least error for a normal variable of deviation 1 (Max 1960), by bits:
// what the elements of a rotated vector are near to, and so where the search begins.
constexpr double kNormalStep[] = {0, 1.596, 0.996, 0.586, 0.335, 0.188, 0.104, 0.0569, 0.0308};

// What to try, in units of the first guess: first far apart, then between the neighbours of the best. Against every
// scale at which a level changes (the extended RaBitQ's sweep) the angle's tangent is 0.1% larger at 4 bits, 0.7% at
// 6, 4% at 8 (SIFT, 128 dimensions).
constexpr uint32_t kCoarse = 9, kFine = 8;
constexpr double kCoarseRatio = 1.12, kFineRatio = 1.025;

// The magnitudes of a vector, and zeros up to a multiple of kWidth.
struct Magnitudes {
  const float* values;
  uint32_t padded;
  uint32_t zeros;
  float highest;  // grid point of a magnitude, 2^(bits-1) - 1/2

  // The squared cosine, but for the vector's length, of the grid vector of values * scale. Sums in eight lanes, so
  // that the compiler can use SIMD without changing the result.
  double fit(float scale) const {
    float products[kWidth] = {}, squares[kWidth] = {};
    for (uint32_t d = 0; d < padded; d += kWidth) {
      for (uint32_t i = 0; i < kWidth; ++i) {
        const float scaled = values[d + i] * scale;
        const float clipped = scaled < highest ? scaled : highest;
        const float point = static_cast<float>(static_cast<int32_t>(clipped)) + 0.5f;
        products[i] += point * values[d + i];
        squares[i] += point * point;
      }
    }
    double product = 0, square = -0.25 * zeros;
    for (uint32_t i = 0; i < kWidth; ++i) {
      product += static_cast<double>(products[i]);
      square += static_cast<double>(squares[i]);
    }
    return product * product / square;
  }
};

double best_scale(const Magnitudes& magnitudes, double guess) {
  double best = guess, best_fit = -1;
  const auto try_around = [&](double middle, double ratio, uint32_t count) {
    double scale = middle * std::pow(ratio, -0.5 * (count - 1));
    for (uint32_t i = 0; i < count; ++i, scale *= ratio) {
      const double fit = magnitudes.fit(static_cast<float>(scale));
      if (fit > best_fit) best_fit = fit, best = scale;
    }
  };
  try_around(guess, kCoarseRatio, kCoarse);
  try_around(best, kFineRatio, kFine);
  return best;
}

}  // namespace

uint32_t grid_scratch_floats(uint32_t dim) { return (dim + kWidth - 1) / kWidth * kWidth; }

GridFit fit_to_grid(const float* vector, uint32_t dim, uint32_t bits, float* scratch, uint8_t* levels) {
  const uint32_t padded = grid_scratch_floats(dim), half = 1u << (bits - 1);
  double squared_length = 0;
  for (uint32_t d = 0; d < dim; ++d) {
    scratch[d] = std::abs(vector[d]);
    squared_length += static_cast<double>(vector[d]) * static_cast<double>(vector[d]);
  }
  std::fill(scratch + dim, scratch + padded, 0.0f);
  const float highest = static_cast<float>(half) - 0.5f;
  float scale = 0;
  if (bits > 1 && squared_length > 0) {
    const double guess = std::sqrt(dim / squared_length) / kNormalStep[bits];
    scale = static_cast<float>(best_scale({scratch, padded, padded - dim, highest}, guess));
  }
  double product = 0;
  for (uint32_t d = 0; d < dim; ++d) {
    const float scaled = scratch[d] * scale;
    const auto magnitude = static_cast<uint32_t>(scaled < highest ? scaled : highest);
    levels[d] = static_cast<uint8_t>(vector[d] < 0 ? half - 1 - magnitude : half + magnitude);
    product += (static_cast<double>(magnitude) + 0.5) * static_cast<double>(scratch[d]);
  }
  return {squared_length, product};
}

}  // namespace vamana
