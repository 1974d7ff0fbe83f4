// Product quantisation (Jégou, Douze & Schmid 2011): the vector is cut into sub-vectors, each replaced by
// the number of its nearest of 256 centroids. Queries are scored by a table of distances from each query
// sub-vector to each centroid (asymmetric distance computation).
//
// Any number of sub-vectors up to the dimension; where it does not divide the dimension, the first
// dim % sub_vectors of them are one element longer.
//
// Parameter block: u32 sub-vectors, u32 dimension, then for each sub-vector in turn its codebook as
// floats, transposed: [element * 256 + centroid].
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "codec/codec.h"
#include "kernels/pq_table.h"

namespace vamana {

class PqCodec final : public Codec {
 public:
  // Trains on `sample` (count x dim floats, widened, normalised under cosine). REQUIRES count >= 1 and
  // 1 <= sub_vectors <= dim. ABORTED when cancelled.
  static Result<std::unique_ptr<PqCodec>> train(const float* sample, size_t count, uint32_t dim, Metric metric,
                                                uint32_t sub_vectors, uint64_t seed, ThreadPool& pool,
                                                const CancelFlag& cancel);
  // CORRUPT when the block does not describe `dim` and `sub_vectors`.
  static Result<std::unique_ptr<PqCodec>> from_parameters(uint32_t dim, Metric metric, uint32_t sub_vectors,
                                                          std::span<const uint8_t> parameters);

  CodecKind kind() const override { return CodecKind::kPq; }
  std::string name() const override;
  uint32_t code_bytes() const override { return sub_vectors_; }
  void encode(const float* vector, uint8_t* code) const override;
  void decode(const uint8_t* code, float* vector) const override;
  std::vector<uint8_t> parameters() const override;
  // Head, entries, and the floats that they are made of.
  size_t query_floats() const override {
    return kPqHeadFloats + size_t{sub_vectors_} * (kPqEntries / sizeof(float) + kPqEntries);
  }
  void prepare(const float* query, float* table) const override;
  CodeScoreFn scorer() const override { return kernels().pq_score; }
  uint64_t memory_bytes() const override { return codebooks_.size() * sizeof(float); }

 private:
  PqCodec(uint32_t dim, Metric metric, uint32_t sub_vectors);

  const uint32_t dim_;
  const Metric metric_;
  const uint32_t sub_vectors_;
  std::vector<uint32_t> begin_;   // sub_vectors + 1: where each sub-vector begins
  std::vector<float> codebooks_;  // sub-vector s at begin_[s] * 256
};

}  // namespace vamana
