// A random rotation of dim-dimensional space in O(dim log dim): rounds of random sign flips, each followed by a
// fast Walsh-Hadamard transform over 2^m coordinates, the first ones and the last ones in turn (2^m is the largest
// power of two up to dim). The same for the same seed on every machine. Used by the scalar codec.
#pragma once

#include <cstdint>
#include <vector>

namespace vamana {

class Rotation {
 public:
  // REQUIRES dim >= 1.
  Rotation(uint32_t dim, uint64_t seed);

  // In place. Safe from many threads.
  void apply(float* vector) const;
  void undo(float* vector) const;

  uint64_t memory_bytes() const { return factors_.size() * sizeof(float); }

 private:
  // Where round `round` transforms: the first coordinates or the last.
  uint32_t begin(uint32_t round) const { return round % 2 == 0 ? 0 : dim_ - block_; }

  const uint32_t dim_;
  const uint32_t block_;  // 2^m
  // dim factors a round: the sign, times the norm of the transform where the round transforms.
  std::vector<float> factors_;
};

}  // namespace vamana
