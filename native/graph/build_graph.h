// Adjacency while a graph is being built: a fixed number of places a node, so that any list can be
// rewritten in place and two threads on different nodes never meet.
//
// Thread safety: lists of different nodes may be read and written at once; one list may not.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "base/aligned_buffer.h"
#include "base/check.h"
#include "base/prefetch.h"
#include "base/status.h"

namespace vamana {

class BuildGraph {
 public:
  static Result<BuildGraph> create(uint64_t rows, uint32_t places) {
    BuildGraph graph;
    graph.rows_ = rows;
    graph.places_ = places;
    VAMANA_ASSIGN(graph.buffer_, AlignedBuffer::create(bytes(rows, places)));
    return graph;
  }
  static uint64_t bytes(uint64_t rows, uint32_t places) { return rows * (places + 1) * sizeof(uint32_t); }

  uint64_t rows() const { return rows_; }
  uint32_t places() const { return places_; }

  std::span<const uint32_t> list(uint32_t node) const {
    const uint32_t* const at = entry(node);
    return {at + 1, at[0]};
  }
  // REQUIRES neighbours.size() <= places(); may be the list itself, cut.
  void set(uint32_t node, std::span<const uint32_t> neighbours) {
    VAMANA_CHECK(neighbours.size() <= places_);
    uint32_t* const at = entry(node);
    // An empty span may hold a null pointer, which memmove must not be given.
    if (!neighbours.empty()) std::memmove(at + 1, neighbours.data(), neighbours.size_bytes());
    at[0] = static_cast<uint32_t>(neighbours.size());
  }
  void prefetch(uint32_t node) const {
    prefetch_bytes(entry(node), 3 * kCacheLine);
  }

 private:
  uint32_t* entry(uint32_t node) {
    return reinterpret_cast<uint32_t*>(buffer_.data()) + uint64_t{node} * (places_ + 1);
  }
  const uint32_t* entry(uint32_t node) const {
    return reinterpret_cast<const uint32_t*>(buffer_.data()) + uint64_t{node} * (places_ + 1);
  }

  AlignedBuffer buffer_;
  uint64_t rows_ = 0;
  uint32_t places_ = 0;
};

}  // namespace vamana
