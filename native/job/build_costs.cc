#include "job/build_costs.h"

#include <algorithm>
#include <bit>

#include "base/coding.h"
#include "codec/codec.h"
#include "graph/locality_order.h"
#include "graph/packed_graph.h"
#include "graph/reorder.h"
#include "graph/vamana_builder.h"
#include "job/train_codec.h"

namespace vamana {

namespace {

constexpr uint64_t kMiB = 1 << 20;
// Read and write windows, and what the file of vectors is read through.
constexpr uint64_t kWindows = 6 * kMiB;
constexpr uint64_t kIdBytes = sizeof(uint32_t);

struct Figures {
  explicit Figures(const BuildOptions& options)
      : rows(options.source.rows),
        dim(options.source.dim),
        degree(options.degree),
        threads(options.threads),
        vector_bytes(dim * element_bytes(options.source.element)) {
    // REQUIRES options that the plan accepted; the value of a refused codec is not used.
    const auto planned = planned_code_bytes(options);
    const uint32_t code_bytes = planned.ok() ? planned.value() : options.code_bytes;
    parameters = dim * 256 * sizeof(float);
    codes = code_area_bytes(code_layout(code_bytes), rows) + parameters;
    // One width class is always open to the packing, and it takes the best choice: no gap needs more bits.
    const auto bits = static_cast<uint64_t>(std::bit_width(rows));
    packed = rows * (div_up(uint64_t{degree} * bits, 8) + 5) + 2 * kMiB;
  }

  uint64_t rows, dim;
  uint32_t degree, threads;
  uint64_t vector_bytes, parameters, codes, packed;
};

VamanaParams params_of(const BuildOptions& options, uint32_t degree) {
  VamanaParams params;
  params.prune.degree = degree;
  params.build_list = options.build_list;
  return params;
}

// The marks, and the stack, which may be copied while it grows.
uint64_t reach_bytes(uint64_t rows) { return rows / 8 + rows * 2 * kIdBytes; }

// The sample, and the codec's copy of it by sub-vector.
uint64_t training_bytes(const BuildOptions& options, uint32_t partitions) {
  return 2 * codec_sample_rows(options, partitions) * options.source.dim * sizeof(float) + kWindows;
}

// Scratch of linking `rows` in one piece, the added coordinate under the inner product included.
uint64_t linking_bytes(const BuildOptions& options, uint64_t rows, uint32_t degree) {
  return vamana_scratch_bytes(rows, params_of(options, degree), options.threads) + reach_bytes(rows) +
         (options.metric == Metric::kDot ? rows * sizeof(float) : 0);
}

}  // namespace

uint64_t partition_capacity(uint64_t rows, uint32_t partitions) {
  return std::min(rows, 2 * rows * 21 / 20 / partitions + 1);
}

uint32_t partition_degree(uint32_t degree) { return std::max<uint32_t>(4, (2 * degree + 2) / 3); }

uint64_t centroid_sample_rows(uint64_t rows, uint32_t dim, uint32_t partitions) {
  const uint64_t fitting = 8 * kMiB / (dim * sizeof(float));
  return std::min(rows, std::clamp<uint64_t>(fitting, 8ull * partitions, 256ull * partitions));
}

uint64_t codec_sample_rows(const BuildOptions& options, uint32_t partitions) {
  const uint64_t most = std::min(options.source.rows, kTrainingRows);
  if (partitions == 1) return most;
  // With the codec's copy of it no more than the merged graph will be, but enough for 256 centroids.
  const uint64_t graph = BuildGraph::bytes(options.source.rows, options.degree);
  return std::min(most, std::max<uint64_t>(8192, graph / (2ull * options.source.dim * sizeof(float))));
}

uint64_t assign_window_rows(uint64_t vector_bytes, uint32_t dim) {
  return std::clamp<uint64_t>(2 * kMiB / (vector_bytes + dim * sizeof(float)), 1, 4096);
}

uint64_t merge_window_vectors(uint64_t vector_bytes, uint32_t degree) {
  // At least two nodes at a time with all that both their lists may name.
  return std::clamp<uint64_t>(4 * kMiB / vector_bytes, 4 * (uint64_t{degree} + 1), 1 << 16);
}

std::vector<StageCost> memory_costs(const BuildOptions& options) {
  const Figures f(options);
  const uint64_t vectors = f.rows * f.vector_bytes, ids = f.rows * kIdBytes;
  const uint64_t graph = BuildGraph::bytes(f.rows, build_places(f.degree));
  return {
      {"read", vectors, 0, 0, locality_order_bytes(f.rows, options.source.dim, f.threads) + kWindows},
      {"train", vectors, 0, f.parameters, ids + training_bytes(options, 1)},
      {"graph", vectors, graph, f.parameters, ids + linking_bytes(options, f.rows, f.degree)},
      {"reorder", vectors, graph, f.parameters, ids + bisection_bytes(f.rows, f.degree, f.threads)},
      {"pack", vectors, graph + f.packed, f.parameters, 3 * ids},
      {"write", vectors, 0, f.codes, 4 * ids + kWindows},
  };
}

std::vector<StageCost> partition_costs(const BuildOptions& options, uint32_t partitions, BuildOrder order) {
  const Figures f(options);
  const uint64_t ids = f.rows * kIdBytes, homes = 2 * f.rows;
  const uint64_t capacity = partition_capacity(f.rows, partitions);
  const uint64_t window = assign_window_rows(f.vector_bytes, options.source.dim);
  const uint64_t centroids = (centroid_sample_rows(f.rows, options.source.dim, partitions) * (f.dim + partitions) +
                              4ull * partitions * f.dim) *
                             sizeof(float);
  const uint64_t assigning = window * (f.vector_bytes + partitions * sizeof(float)) + f.threads * f.dim * sizeof(float);
  const uint64_t part_vectors = capacity * f.vector_bytes;
  const uint32_t part_degree = partition_degree(f.degree);
  const uint64_t merged = BuildGraph::bytes(f.rows, f.degree);
  const uint64_t merging = merge_window_vectors(f.vector_bytes, f.degree) * (f.vector_bytes + 8 * kIdBytes);
  const uint64_t bisection = order == BuildOrder::kBisection ? bisection_bytes(f.rows, f.degree, f.threads) : ids;
  return {
      {"read", 0, 0, 0, homes + std::max(centroids, assigning) + kWindows},
      {"train", 0, 0, f.parameters, homes + training_bytes(options, partitions)},
      {"order", part_vectors, 0, f.parameters,
       homes + ids + capacity * kIdBytes + locality_order_bytes(capacity, options.source.dim, f.threads) + kWindows},
      {"graph", part_vectors, BuildGraph::bytes(capacity, build_places(part_degree)), f.parameters,
       homes + ids + capacity * kIdBytes + linking_bytes(options, capacity, part_degree) + kWindows},
      {"merge", 0, merged, f.parameters, 2 * ids + std::max(merging, reach_bytes(f.rows)) + kWindows},
      {"reorder", 0, merged, f.parameters, ids + bisection},
      {"unload", 0, merged, f.parameters, 3 * ids + kWindows},
      {"pack", 0, f.packed, f.parameters, 2 * ids + kWindows},
      {"write", 0, 0, f.codes, 4 * ids + 2 * kWindows},
  };
}

StageCost largest(const std::vector<StageCost>& stages) {
  return *std::max_element(stages.begin(), stages.end(),
                           [](const StageCost& a, const StageCost& b) { return a.total() < b.total(); });
}

}  // namespace vamana
