#include "job/partition_centroids.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/prng.h"
#include "kernels/kernels.h"

namespace vamana {

namespace {

constexpr int kMeanRounds = 10;
constexpr int kBalanceRounds = 64;
// A handicap's first step, as a share of the mean distance. Steps grow as long as they go one way, and shrink
// when they went too far (as in Rprop, Riedmiller & Braun 1993): how far away crowds are is not known before.
constexpr float kFirstStep = 0.05f;
constexpr float kStepGrowth = 1.4f;
constexpr float kStepShrinkage = 0.4f;
// A size this near to its due is left alone.
constexpr float kTolerance = 0.03f;
// So often centroids follow the rows that they have come to draw: into the crowds.
constexpr int kFollowEvery = 4;
constexpr size_t kGrain = 256;

class Training {
 public:
  Training(const float* sample, uint64_t rows, uint32_t dim, uint32_t count, uint64_t seed, ThreadPool& pool)
      : sample_(sample), rows_(rows), pool_(pool), prng_(seed), distances_(rows * count) {
    result_.count = count;
    result_.dim = dim;
    result_.handicaps.assign(count, 0.0f);
    for (uint32_t c = 0; c < count; ++c) {
      const float* const at = sample + prng_.below(rows) * dim;
      result_.centroids.insert(result_.centroids.end(), at, at + dim);
    }
  }

  PartitionCentroids run(const CancelFlag& cancel) {
    for (int round = 0; round < kMeanRounds && !cancel.cancelled(); ++round) move_centroids();
    steps_.assign(result_.count, 0.0f);
    PartitionCentroids best;
    uint64_t best_size = UINT64_MAX;
    for (int round = 0; round < kBalanceRounds && !cancel.cancelled(); ++round) {
      if (round % kFollowEvery == kFollowEvery - 1) move_centroids();
      const std::vector<uint64_t> sizes = drawn_sizes();
      const uint64_t size = *std::max_element(sizes.begin(), sizes.end());
      if (size < best_size) {
        best_size = size;
        best = result_;
      }
      balance(sizes);
    }
    if (best_size != UINT64_MAX) return best;
    return std::move(result_);
  }

 private:
  const float* row(uint64_t i) const { return sample_ + i * result_.dim; }
  const float* distances(uint64_t i) const { return distances_.data() + i * result_.count; }

  void measure_all() {
    pool_.parallel_for(rows_, kGrain, [this](size_t begin, size_t end, size_t) {
      for (size_t i = begin; i < end; ++i) result_.measure(row(i), distances_.data() + i * result_.count);
    });
  }

  void move_centroids() {
    measure_all();
    const uint32_t count = result_.count, dim = result_.dim;
    std::vector<double> sums(size_t{count} * dim, 0.0);
    std::vector<uint64_t> sizes(count, 0);
    for (uint64_t i = 0; i < rows_; ++i) {
      const auto nearest = static_cast<size_t>(std::min_element(distances(i), distances(i) + count) - distances(i));
      ++sizes[nearest];
      for (uint32_t d = 0; d < dim; ++d) sums[nearest * dim + d] += static_cast<double>(row(i)[d]);
    }
    for (uint32_t c = 0; c < count; ++c) {
      float* const centroid = result_.centroids.data() + size_t{c} * dim;
      // One that draws nothing begins anew somewhere else.
      if (sizes[c] == 0) std::copy_n(row(prng_.below(rows_)), dim, centroid);
      for (uint32_t d = 0; sizes[c] != 0 && d < dim; ++d) {
        centroid[d] = static_cast<float>(sums[size_t{c} * dim + d] / static_cast<double>(sizes[c]));
      }
    }
  }

  // What each partition draws; a row counts in the two that it would go to.
  std::vector<uint64_t> drawn_sizes() {
    measure_all();
    const uint32_t count = result_.count;
    std::vector<uint64_t> sizes(count, 0);
    double sum = 0;
    for (uint64_t i = 0; i < rows_; ++i) {
      const float* const at = distances(i);
      const auto first = static_cast<uint32_t>(std::min_element(at, at + count) - at);
      uint32_t second = first == 0 ? 1 : 0;
      for (uint32_t c = 0; c < count; ++c) {
        if (c != first && at[c] < at[second]) second = c;
      }
      ++sizes[first];
      ++sizes[second];
      sum += static_cast<double>(at[first] - result_.handicaps[first]);
    }
    mean_distance_ = static_cast<float>(sum / static_cast<double>(rows_));
    return sizes;
  }

  void balance(const std::vector<uint64_t>& sizes) {
    const float due = 2.0f * static_cast<float>(rows_) / static_cast<float>(result_.count);
    for (uint32_t c = 0; c < result_.count; ++c) {
      const float excess = static_cast<float>(sizes[c]) / due - 1;
      if (std::abs(excess) < kTolerance) continue;
      float& step = steps_[c];
      if (step == 0) {
        step = excess > 0 ? kFirstStep * mean_distance_ : -kFirstStep * mean_distance_;
      } else {
        step *= (step > 0) == (excess > 0) ? kStepGrowth : -kStepShrinkage;
      }
      const float moved = result_.handicaps[c] + step;
      // Squares of numbers near the float's limit are infinite, and then there is nothing to balance by.
      if (std::isfinite(moved)) result_.handicaps[c] = moved;
    }
  }

  const float* const sample_;
  const uint64_t rows_;
  ThreadPool& pool_;
  Prng prng_;
  std::vector<float> distances_;  // rows x count
  PartitionCentroids result_;
  std::vector<float> steps_;  // by partition: how far its handicap moved last
  float mean_distance_ = 0;   // of rows to the first of their partitions
};

}  // namespace

void PartitionCentroids::measure(const float* vector, float* out) const {
  const DistanceFn l2 = distance_kernel(Metric::kL2, Element::kF32);
  for (uint32_t c = 0; c < count; ++c) {
    const float distance = l2(vector, centroids.data() + size_t{c} * dim, dim) + handicaps[c];
    out[c] = std::isnan(distance) ? std::numeric_limits<float>::infinity() : distance;
  }
}

PartitionCentroids train_partition_centroids(const float* sample, uint64_t rows, uint32_t dim, uint32_t count,
                                             uint64_t seed, ThreadPool& pool, const CancelFlag& cancel) {
  return Training(sample, rows, dim, count, seed, pool).run(cancel);
}

}  // namespace vamana
