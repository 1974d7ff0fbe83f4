#include "codec/rotation.h"

#include <bit>
#include <cmath>
#include <cstddef>

#include "base/prng.h"

namespace vamana {

namespace {

constexpr uint32_t kRounds = 4;

// Sums and differences of elements `kStep` apart. The step is a constant so that the loop becomes SIMD.
template <size_t kStep>
inline void butterfly(float* v, size_t size) {
  for (size_t at = 0; at < size; at += 2 * kStep) {
#pragma GCC ivdep
    for (size_t i = at; i < at + kStep; ++i) {
      const float a = v[i], b = v[i + kStep];
      v[i] = a + b;
      v[i + kStep] = a - b;
    }
  }
}

// The two innermost steps at once. REQUIRES size a multiple of 4.
inline void first_two_steps(float* v, size_t size) {
  for (size_t i = 0; i < size; i += 4) {
    const float a = v[i] + v[i + 1], b = v[i] - v[i + 1], c = v[i + 2] + v[i + 3], d = v[i + 2] - v[i + 3];
    v[i] = a + c;
    v[i + 1] = b + d;
    v[i + 2] = a - c;
    v[i + 3] = b - d;
  }
}

// The Walsh-Hadamard transform without its norm. REQUIRES size a power of two.
void transform(float* v, size_t size) {
  if (size == 2) butterfly<1>(v, size);
  if (size < 4) return;
  first_two_steps(v, size);
  if (size > 4) butterfly<4>(v, size);
  if (size > 8) butterfly<8>(v, size);
  for (size_t step = 16; step < size; step *= 2) {
    for (size_t at = 0; at < size; at += 2 * step) {
      float* const low = v + at;
      float* const high = low + step;
#pragma GCC ivdep
      for (size_t i = 0; i < step; ++i) {
        const float a = low[i], b = high[i];
        low[i] = a + b;
        high[i] = a - b;
      }
    }
  }
}

}  // namespace

Rotation::Rotation(uint32_t dim, uint64_t seed) : dim_(dim), block_(std::bit_floor(dim)), factors_(kRounds * dim) {
  Prng prng(seed);
  const auto norm = static_cast<float>(1 / std::sqrt(static_cast<double>(block_)));
  for (uint32_t round = 0; round < kRounds; ++round) {
    for (uint32_t d = 0; d < dim; ++d) {
      const bool transformed = d >= begin(round) && d < begin(round) + block_;
      const float size = transformed ? norm : 1.0f;
      factors_[round * dim + d] = prng.next() >> 63 ? -size : size;
    }
  }
}

void Rotation::apply(float* vector) const {
  for (uint32_t round = 0; round < kRounds; ++round) {
    const float* factors = factors_.data() + round * dim_;
    for (uint32_t d = 0; d < dim_; ++d) vector[d] *= factors[d];
    transform(vector + begin(round), block_);
  }
}

void Rotation::undo(float* vector) const {
  // The transform is its own inverse but for its norm, which the factors hold.
  for (uint32_t round = kRounds; round-- > 0;) {
    const float* factors = factors_.data() + round * dim_;
    transform(vector + begin(round), block_);
    for (uint32_t d = 0; d < dim_; ++d) vector[d] *= factors[d];
  }
}

}  // namespace vamana
