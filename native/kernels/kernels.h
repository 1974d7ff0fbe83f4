// The table of SIMD kernels, chosen once for this processor. Nothing outside kernels/ asks what the
// processor can do.
//
// VAMANA_CPU=scalar|avx2|avx512|neon forces a table (a level the processor lacks falls back to the best it
// has), which the contract suite uses to run under each.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/element.h"

namespace vamana {

enum class CpuLevel : uint32_t { kScalar = 0, kAvx2 = 1, kAvx512 = 2, kNeon = 3 };

// Exact distance between two vectors of one element type, `dim` elements each; any alignment, either order.
// REQUIRES 1 <= dim <= 65536 and finite elements; the result is then never NaN. Against exact arithmetic:
//   u8, i8  l2, dot, l1: the exact integer, rounded once to f32. Cosine: within 2^-23.
//   f32, f16  l2, dot, l1: within (dim / 4 + 8) * 2^-24 of the sum of the terms' magnitudes (2.4e-6 of it at 128
//           dimensions; SIMD adds in four or more lanes), and infinite where the result exceeds f32.
//           Cosine: within twice that factor, for any magnitude of the elements.
//   Cosine of a vector with itself is 0, with its negative 2, with the zero vector 1; never outside [0, 2].
using DistanceFn = float (*)(const void* a, const void* b, size_t dim);

// Widens a row to f32 without rounding.
using WidenFn = void (*)(const void* row, size_t dim, float* out);

// Distances from one sub-vector to 256 centroids stored transposed: centroids[d * 256 + c].
// out[c] = sum over d of (x_d - c_d)^2, or |x_d - c_d|, or -(x_d * c_d).
using Table256Fn = void (*)(const float* x, const float* centroids, size_t sub_dim, float* out);

// Product-quantiser scores: out[i] = base + scale * (sum over s of entry[s * 256 + code_i[s]]), for the codes of
// `count` ids and a table as kernels/pq_table.h has it. The same for equal codes wherever they stand in the list.
// Prefetching the codes is the caller's business.
//
// Code i starts at layout.code(ids[i]): a cache line of 64 bytes holds `codes_per_line` codes
// (1 when a code is longer than a line; the next then starts `stride` bytes on).
struct CodeLayout {
  const uint8_t* codes = nullptr;
  uint32_t code_bytes = 0;
  uint32_t codes_per_line = 1;
  uint32_t stride = 64;  // bytes from one group of codes_per_line codes to the next

  const uint8_t* code(uint32_t id) const {
    return codes_per_line == 1 ? codes + uint64_t{id} * stride
                               : codes + uint64_t{id / codes_per_line} * stride + (id % codes_per_line) * code_bytes;
  }
};
using PqScoreFn = void (*)(const float* table, const CodeLayout& layout, const uint32_t* ids, size_t count, float* out);

// Where the smallest of 256 values stands, the first of equals.
using ArgMin256Fn = uint32_t (*)(const float* values);

struct KernelTable {
  CpuLevel level;
  const char* name;  // "scalar", "avx2", "avx512", "neon"
  DistanceFn distance[kMetricCount][kElementCount];
  WidenFn widen[kElementCount];
  Table256Fn table_l2;
  Table256Fn table_dot;
  Table256Fn table_l1;
  ArgMin256Fn argmin256;
  PqScoreFn pq_score;
  PqScoreFn rabitq_score;  // tables and codes as in kernels/rabitq_table.h; every level gives the same floats
};

// The table in use: constant after the first call, safe from any thread.
const KernelTable& kernels();

// A given level, or nullptr when this processor lacks it; for tests and benchmarks.
const KernelTable* kernels_at(CpuLevel level);

inline DistanceFn distance_kernel(Metric metric, Element element) {
  return kernels().distance[static_cast<size_t>(metric)][static_cast<size_t>(element)];
}
inline WidenFn widen_kernel(Element element) { return kernels().widen[static_cast<size_t>(element)]; }

float f16_to_f32(uint16_t half);
uint16_t f32_to_f16(float value);  // round to nearest even; overflow becomes infinity

}  // namespace vamana
