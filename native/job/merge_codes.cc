#include "job/merge_codes.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/coding.h"

namespace vamana {

namespace {

constexpr uint64_t kWindowBytes = 1 << 20;
constexpr size_t kGrain = 64;

// Calls work(first, vectors, count) on every node from `begin` on, in windows.
template <typename Work>
Status for_each_window(BuildRun& run, uint64_t begin, const Work& work) {
  const uint64_t window = std::clamp<uint64_t>(kWindowBytes / run.vector_bytes(), 1, 4096);
  std::vector<uint8_t> vectors(std::min(window, run.rows() - begin) * run.vector_bytes());
  std::vector<uint32_t> nodes;
  for (uint64_t first = begin; first < run.rows(); first += window) {
    nodes.resize(std::min(window, run.rows() - first));
    std::iota(nodes.begin(), nodes.end(), static_cast<uint32_t>(first));
    VAMANA_TRY(run.vectors->fetch(nodes, vectors.data(), run.pool));
    work(first, vectors.data(), nodes.size());
    VAMANA_TRY(run.proceed(first - begin, run.rows() - begin));
  }
  return Status();
}

}  // namespace

Result<MergeCodes> MergeCodes::create(BuildRun& run, std::shared_ptr<const Segment> kept,
                                      const std::vector<uint32_t>& old_of, bool lifted) {
  MergeCodes codes;
  codes.kept_ = std::move(kept);
  codes.old_of_ = &old_of;
  VAMANA_TRY(codes.encode_fresh(run));
  if (lifted && run.options.metric == Metric::kDot) VAMANA_TRY(codes.measure_lengths(run));
  return codes;
}

uint64_t MergeCodes::bytes(uint32_t code_bytes, uint64_t fresh, uint64_t lifted_rows) {
  return code_area_bytes(code_layout(code_bytes), fresh) + lifted_rows * sizeof(float);
}

Status MergeCodes::encode_fresh(BuildRun& run) {
  const Codec& codec = kept_->codec();
  const uint32_t dim = run.options.source.dim;
  const uint64_t fresh = run.rows() - kept_nodes();
  fresh_ = code_layout(codec.code_bytes());
  if (fresh == 0) return Status();
  VAMANA_ASSIGN(fresh_codes_, AlignedBuffer::create(code_area_bytes(fresh_, fresh)));
  fresh_.codes = fresh_codes_.data();
  std::vector<double> errors;
  double sum = 0;
  VAMANA_TRY(for_each_window(run, kept_nodes(), [&](uint64_t first, const uint8_t* vectors, size_t count) {
    errors.assign(count, 0);
    run.pool.parallel_for(count, kGrain, [&](size_t begin, size_t end, size_t) {
      std::vector<float> wide(dim), decoded(dim);
      for (size_t i = begin; i < end; ++i) {
        const auto place = static_cast<uint32_t>(first + i - kept_nodes());
        uint8_t* const code = fresh_codes_.data() + (fresh_.code(place) - fresh_codes_.data());
        run.widen(vectors + i * run.vector_bytes(), wide.data());
        codec.encode(wide.data(), code);
        codec.decode(code, decoded.data());
        for (uint32_t d = 0; d < dim; ++d) {
          const double difference = static_cast<double>(wide[d]) - static_cast<double>(decoded[d]);
          errors[i] += difference * difference;
        }
      }
    });
    sum = std::accumulate(errors.begin(), errors.end(), sum);
  }));
  fresh_error_ = sum / static_cast<double>(fresh);
  return Status();
}

Status MergeCodes::measure_lengths(BuildRun& run) {
  const DistanceFn minus_dot = distance_kernel(Metric::kDot, run.options.source.element);
  lift_.resize(run.rows());
  VAMANA_TRY(for_each_window(run, 0, [&](uint64_t first, const uint8_t* vectors, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const uint8_t* const vector = vectors + i * run.vector_bytes();
      lift_[first + i] = -minus_dot(vector, vector, run.options.source.dim);
    }
  }));
  // A vector whose squared length is past a float's range counts as one of the longest, and no more.
  for (const float length_squared : lift_) {
    if (std::isfinite(length_squared)) length_max_squared_ = std::max(length_max_squared_, length_squared);
  }
  for (float& length_squared : lift_) length_squared = std::sqrt(std::max(0.0f, length_max_squared_ - length_squared));
  return Status();
}

}  // namespace vamana
