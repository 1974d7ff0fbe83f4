// The full vectors of a build in RAM, by node, with the distance the graph is built on.
//
// That distance is the metric's own, except under the inner product: pruning needs a distance where
// nearness is transitive enough, so each vector is lifted by one coordinate to the common length of the
// longest (Bachrach et al. 2014), where squared Euclidean order and inner-product order agree for queries.
//
// Thread safety: immutable after create(); any number of readers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/element.h"
#include "base/prefetch.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace vamana {

class BuildSpace {
 public:
  // `vectors`: rows x dim elements, tightly packed, owned by the caller and outliving this.
  BuildSpace(const uint8_t* vectors, uint64_t rows, uint32_t dim, Element element, Metric metric, ThreadPool& pool);

  uint64_t rows() const { return rows_; }
  uint32_t dim() const { return dim_; }
  Element element() const { return element_; }
  Metric metric() const { return metric_; }
  const uint8_t* vector(uint32_t node) const { return vectors_ + uint64_t{node} * vector_bytes_; }
  uint64_t vector_bytes() const { return vector_bytes_; }

  float distance(uint32_t a, uint32_t b) const {
    const float plain = kernel_(vector(a), vector(b), dim_);
    return lift_.empty() ? plain : lifted(plain, a, b);
  }

  void prefetch(uint32_t node) const {
    // The hardware follows on; asking for more than the first lines only crowds the fill buffers.
    prefetch_bytes(vector(node), std::min<uint64_t>(vector_bytes_, 4 * kCacheLine));
  }

 private:
  float lifted(float minus_dot, uint32_t a, uint32_t b) const {
    const float distance = 2 * (length_max_squared_ + minus_dot - lift_[a] * lift_[b]);
    return distance > 0 ? distance : 0;
  }

  const uint8_t* vectors_;
  uint64_t rows_;
  uint32_t dim_;
  Element element_;
  Metric metric_;
  uint64_t vector_bytes_;
  DistanceFn kernel_;
  std::vector<float> lift_;  // the added coordinate of each vector; empty but for the inner product
  float length_max_squared_ = 0;
};

// The node nearest to the mean of all vectors: where searches begin.
uint32_t find_medoid(const BuildSpace& space, ThreadPool& pool);

}  // namespace vamana
