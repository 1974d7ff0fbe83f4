// Rounds a vector to the grid of the scalar codec: per element a level 0 .. 2^bits - 1, which stands for the point
// level - (2^bits - 1) / 2. Only the direction of the grid vector counts, so the vector is scaled to where the
// angle between the two is smallest before it is rounded. Used by the scalar codec.
#pragma once

#include <cstdint>

namespace vamana {

struct GridFit {
  double squared_length;  // of the vector
  double product;         // of the vector with its grid vector; 0 only for the zero vector
};

// The number of floats of `scratch`.
uint32_t grid_scratch_floats(uint32_t dim);

// REQUIRES 1 <= bits <= 8.
GridFit fit_to_grid(const float* vector, uint32_t dim, uint32_t bits, float* scratch, uint8_t* levels);

}  // namespace vamana
