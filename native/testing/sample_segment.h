// Small segments for tests, made by arithmetic alone (no training, no graph search), so that the same shape
// and seed are the same bytes on every processor. The graph is a ring with chords: every node is reachable.
// For tests only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "codec/codec.h"
#include "graph/packed_graph.h"
#include "segment/segment_writer.h"

namespace vamana::testing {

// What a segment holds, in node order.
struct SampleSegment {
  SegmentShape shape;
  std::vector<uint8_t> vectors;              // rows x dim elements
  std::vector<uint32_t> rows;                // row ids: a permutation of 0 .. rows - 1
  std::vector<std::vector<uint32_t>> lists;  // ascending
  std::unique_ptr<Codec> codec;
  AlignedBuffer codes;
  SegmentWriter::GraphFacts facts;
  CodeError error;

  const uint8_t* vector(uint64_t node) const {
    return vectors.data() + node * shape.dim * element_bytes(shape.element);
  }
};

// REQUIRES code_bytes <= shape.dim. Lists have `degree` neighbours where there are so many nodes.
SampleSegment make_sample(const SegmentShape& shape, uint32_t degree, uint32_t code_bytes, uint64_t seed);

PackedGraph pack_sample(const SampleSegment& sample, ThreadPool& pool);

// Writes and publishes it.
Result<SegmentSizes> write_sample(const SampleSegment& sample, const std::string& dir,
                                  std::optional<Uuid> uuid = std::nullopt);

}  // namespace vamana::testing
