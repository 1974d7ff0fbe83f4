// What each stage of a build holds in RAM, computed beforehand: for the build in memory and for the one in
// partitions. plan_build() chooses by these figures, and the stages allocate by them.
#pragma once

#include <cstdint>
#include <vector>

#include "job/build_job.h"

namespace vamana {

struct StageCost {
  const char* name = "";
  uint64_t vectors = 0, graph = 0, codes = 0, buffers = 0;
  uint64_t total() const { return vectors + graph + codes + buffers; }
};

std::vector<StageCost> memory_costs(const BuildOptions& options);
// REQUIRES partitions >= kPartitionsMin.
std::vector<StageCost> partition_costs(const BuildOptions& options, uint32_t partitions, BuildOrder order);

// What the figures do not name: thread stacks, the allocator's own, code that is paged in.
constexpr uint64_t kSlackBytes = 16 << 20;
// The least possible limit is told with this to spare, for the process may be a little larger the next time.
constexpr uint64_t kLeastMargin = 8 << 20;

// The stage that holds most.
StageCost largest(const std::vector<StageCost>& stages);

// Each row is in two partitions, so two would both be the whole.
constexpr uint32_t kPartitionsMin = 3;
constexpr uint32_t kPartitionsMax = 128;

// Rows that one partition may have: its share of all rows twice, and some more, so that rows mostly get the
// partitions nearest to them.
uint64_t partition_capacity(uint64_t rows, uint32_t partitions);
// The degree of a partition's graph: two lists of it merge into one of the full degree with little to prune.
uint32_t partition_degree(uint32_t degree);
// Rows that the centroids are trained on, and those the codec is; fewer for the codec when memory is tight.
uint64_t centroid_sample_rows(uint64_t rows, uint32_t dim, uint32_t partitions);
uint64_t codec_sample_rows(const BuildOptions& options, uint32_t partitions);
// Rows that are assigned at once, and vectors that are held at once while lists are merged.
uint64_t assign_window_rows(uint64_t vector_bytes, uint32_t dim);
uint64_t merge_window_vectors(uint64_t vector_bytes, uint32_t degree);

}  // namespace vamana
