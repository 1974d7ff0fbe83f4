// Decodes one packed neighbour list (the layout is described in graph/packed_graph.h). Here because it is
// SIMD code chosen for the processor; the graph knows nothing of that.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/kernels.h"

namespace vamana {

// What all lists of a graph share. Constant once a graph is open.
struct ListLayout {
  uint32_t degree = 0;         // a list without its own count has this many
  uint32_t selector_bits = 0;  // 0 to 4
  uint32_t bits_max = 0;       // the widest class
  alignas(16) std::array<uint8_t, 16> class_bits{};
};

// Writes the neighbours of `node`, ascending, and returns how many. May overwrite 32 places past the
// count, and read 64 bytes past the list. REQUIRES a list that PackedGraph::check_lists accepted.
using UnpackFn = uint32_t (*)(const uint8_t* list, uint32_t node, const ListLayout& layout, uint32_t* out);

UnpackFn unpack_kernel(CpuLevel level, const ListLayout& layout);

}  // namespace vamana
