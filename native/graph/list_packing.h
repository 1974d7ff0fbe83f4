// One neighbour list to and from its packed bytes; the layout is described in packed_graph.h. Used by
// PackedGraph only.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/status.h"
#include "graph/packed_graph.h"
#include "kernels/unpack_list.h"

namespace vamana {

// How many gaps have a value (gap - 1) of each bit width.
using GapHistogram = std::array<uint64_t, 33>;

// A list as gaps, ready to be packed.
struct GapList {
  uint32_t count = 0;
  uint32_t position = 0;                    // of the node itself among the count + 1 ascending numbers
  std::array<uint32_t, kMaxDegree> values;  // gap - 1

  // REQUIRES distinct neighbours, without `node`, at most kMaxDegree.
  void assign(uint32_t node, std::span<const uint32_t> neighbours);
};

// Picks 1, 2, 4, 8 or 16 width classes so that the whole graph takes the fewest bits, selectors included:
// exact, by dynamic programming over the 33 possible widths.
Packing choose_width_classes(const GapHistogram& histogram);

uint64_t packed_list_bytes(const GapList& gaps, const ListLayout& layout);
// Writes to zeroed bytes and returns how many.
uint64_t write_packed_list(const GapList& gaps, const ListLayout& layout, uint8_t* to);

// Decodes with every bound checked: `size` bytes, ids below `rows`, none the node itself.
Status check_packed_list(const uint8_t* list, uint64_t size, uint64_t node, uint64_t rows, const ListLayout& layout,
                         uint32_t* count);

}  // namespace vamana
