#include "codec/pq.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/coding.h"
#include "codec/kmeans256.h"
#include "kernels/pq_table.h"

namespace vamana {

namespace {
constexpr size_t kCentroids = 256;
constexpr int kTrainingRounds = 12;
constexpr size_t kParameterHead = 8;
}  // namespace

PqCodec::PqCodec(uint32_t dim, Metric metric, uint32_t sub_vectors)
    : dim_(dim),
      metric_(metric),
      sub_vectors_(sub_vectors),
      begin_(sub_vectors + 1, 0),
      codebooks_(size_t{dim} * kCentroids) {
  for (uint32_t s = 0; s < sub_vectors; ++s)
    begin_[s + 1] = begin_[s] + dim / sub_vectors + (s < dim % sub_vectors ? 1 : 0);
}

Result<std::unique_ptr<PqCodec>> PqCodec::train(const float* sample, size_t count, uint32_t dim, Metric metric,
                                                uint32_t sub_vectors, uint64_t seed, ThreadPool& pool,
                                                const CancelFlag& cancel) {
  VAMANA_CHECK(count >= 1 && sub_vectors >= 1 && sub_vectors <= dim);
  std::unique_ptr<PqCodec> codec(new PqCodec(dim, metric, sub_vectors));
  pool.parallel_for(sub_vectors, 1, [&](size_t begin, size_t end, size_t) {
    for (size_t s = begin; s < end; ++s) {
      const size_t from = codec->begin_[s], sub_dim = codec->begin_[s + 1] - from;
      std::vector<float> points(count * sub_dim);
      for (size_t i = 0; i < count; ++i) std::copy_n(sample + i * dim + from, sub_dim, points.data() + i * sub_dim);
      const auto centroids = kmeans256(points.data(), count, sub_dim, kTrainingRounds, seed + s, cancel);
      std::copy(centroids.begin(), centroids.end(),
                codec->codebooks_.begin() + static_cast<ptrdiff_t>(from * kCentroids));
    }
  });
  if (cancel.cancelled()) return aborted_status("training of the codec");
  return codec;
}

Result<std::unique_ptr<PqCodec>> PqCodec::from_parameters(uint32_t dim, Metric metric, uint32_t sub_vectors,
                                                          std::span<const uint8_t> parameters) {
  const size_t expected = kParameterHead + size_t{dim} * kCentroids * sizeof(float);
  if (sub_vectors < 1 || sub_vectors > dim || parameters.size() != expected ||
      load_le<uint32_t>(parameters.data()) != sub_vectors || load_le<uint32_t>(parameters.data() + 4) != dim) {
    return Status(
        Code::kCorrupt,
        format("codes: the parameters (%zu bytes) are not those of %u sub-vectors over %u dimensions (%zu bytes)",
               parameters.size(), sub_vectors, dim, expected));
  }
  std::unique_ptr<PqCodec> codec(new PqCodec(dim, metric, sub_vectors));
  std::memcpy(codec->codebooks_.data(), parameters.data() + kParameterHead, expected - kParameterHead);
  for (const float value : codec->codebooks_) {
    if (!std::isfinite(value)) return Status(Code::kCorrupt, "codes: a codebook holds a number that is not finite");
  }
  return codec;
}

std::string PqCodec::name() const { return format("pq%ux8", sub_vectors_); }

void PqCodec::encode(const float* vector, uint8_t* code) const {
  alignas(64) float distances[kCentroids];
  for (uint32_t s = 0; s < sub_vectors_; ++s) {
    kernels().table_l2(vector + begin_[s], codebooks_.data() + begin_[s] * kCentroids, begin_[s + 1] - begin_[s],
                       distances);
    code[s] = static_cast<uint8_t>(kernels().argmin256(distances));
  }
}

void PqCodec::decode(const uint8_t* code, float* vector) const {
  for (uint32_t s = 0; s < sub_vectors_; ++s) {
    for (uint32_t d = begin_[s]; d < begin_[s + 1]; ++d) vector[d] = codebooks_[d * kCentroids + code[s]];
  }
}

std::vector<uint8_t> PqCodec::parameters() const {
  std::vector<uint8_t> block(kParameterHead + codebooks_.size() * sizeof(float));
  store_le<uint32_t>(block.data(), sub_vectors_);
  store_le<uint32_t>(block.data() + 4, dim_);
  std::memcpy(block.data() + kParameterHead, codebooks_.data(), codebooks_.size() * sizeof(float));
  return block;
}

void PqCodec::prepare(const float* query, float* table) const {
  // Between unit vectors half the squared distance is 1 - cosine, and unlike the inner product it also
  // corrects for the code's lost length.
  const KernelTable& kernel = kernels();
  const Table256Fn fill = metric_ == Metric::kDot  ? kernel.table_dot
                          : metric_ == Metric::kL1 ? kernel.table_l1
                                                   : kernel.table_l2;
  float* const exact = table + kPqHeadFloats + sub_vectors_ * kCentroids / sizeof(float);
  for (uint32_t s = 0; s < sub_vectors_; ++s) {
    fill(query + begin_[s], codebooks_.data() + begin_[s] * kCentroids, begin_[s + 1] - begin_[s],
         exact + s * kCentroids);
  }
  PqQuery head = quantise_table(exact, sub_vectors_, reinterpret_cast<uint8_t*>(table + kPqHeadFloats));
  if (metric_ == Metric::kCosine) {
    head.base *= 0.5f;
    head.scale *= 0.5f;
  }
  std::memcpy(table, &head, sizeof head);
}

}  // namespace vamana
