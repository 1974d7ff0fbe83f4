// Scalar codes of a rotated vector (RaBitQ, Gao & Long 2024; several bits an element, Gao et al. 2025): the vector
// less the centroid is rotated at random and each element rounded to one of 2^bits levels, so that the codes point
// as nearly as they can in its direction. Two factors a row make the estimate of a distance unbiased:
//   r = rotated(x - centroid), g = its grid vector (level - (2^bits - 1) / 2), s = |r|^2 / <r, g>
//   l2      |q - x|^2 ~ |q'|^2 + |r|^2 - 2 s <q', g>    with q' = rotated(q - centroid)
//   cosine  half of that, of unit vectors
//   dot     -<q, x>   ~ -<q, centroid> - s <q', g>      with q' = rotated(q)
// The query's elements are rounded to signed bytes, so the product is one of small integers. l1 has no such form.
//
// Where it pays: from about 3 bits an element on it ranks better than product quantisation of as many bytes.
//
// Parameter block: u32 dimension, u32 bits, u64 seed of the rotation, u32 floor of the addends, u32 floor of the
// scales (both f32 patterns, kernels/rabitq_table.h), then the centroid as floats.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "codec/codec.h"
#include "codec/rotation.h"

namespace vamana {

constexpr uint32_t kRabitqBitsMax = 8;

// Bytes of a code: dim * bits bits rounded up, and the two factors. REQUIRES 1 <= bits <= kRabitqBitsMax.
uint32_t rabitq_code_bytes(uint32_t dim, uint32_t bits);
// The most bits an element whose code is no longer than `code_bytes`; 0 when not even one fits.
uint32_t rabitq_bits(uint32_t dim, uint32_t code_bytes);

class RabitqCodec final : public Codec {
 public:
  // Trains on `sample` (count x dim floats, widened, normalised under cosine): its mean is the centroid. UNSUPPORTED
  // for l1, ABORTED when cancelled. REQUIRES count >= 1, dim >= 1 and 1 <= bits <= kRabitqBitsMax.
  static Result<std::unique_ptr<RabitqCodec>> train(const float* sample, size_t count, uint32_t dim, Metric metric,
                                                    uint32_t bits, uint64_t seed, const CancelFlag& cancel);
  // CORRUPT when the block does not describe `dim` and `code_bytes`; UNSUPPORTED for l1.
  static Result<std::unique_ptr<RabitqCodec>> from_parameters(uint32_t dim, Metric metric, uint32_t code_bytes,
                                                              std::span<const uint8_t> parameters);

  CodecKind kind() const override { return CodecKind::kRabitq; }
  std::string name() const override;
  uint32_t code_bytes() const override { return rabitq_code_bytes(dim_, bits_); }
  void encode(const float* vector, uint8_t* code) const override;
  void decode(const uint8_t* code, float* vector) const override;
  std::vector<uint8_t> parameters() const override;
  size_t query_floats() const override;
  void prepare(const float* query, float* table) const override;
  CodeScoreFn scorer() const override { return kernels().rabitq_score; }
  uint64_t memory_bytes() const override { return centroid_.size() * sizeof(float) + rotation_.memory_bytes(); }

 private:
  RabitqCodec(uint32_t dim, Metric metric, uint32_t bits, uint64_t seed);

  const uint32_t dim_;
  const Metric metric_;
  const uint32_t bits_;
  const uint64_t seed_;
  const Rotation rotation_;
  std::vector<float> centroid_;
  uint32_t add_floor_ = 0;
  uint32_t scale_floor_ = 0;
};

}  // namespace vamana
