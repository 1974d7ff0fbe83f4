// How the kernel tables are put together: each file fills its part of a table, a better one over a
// simpler one (kernels.cc says in which order). Internal to kernels/.
#pragma once

#include "kernels/kernels.h"

namespace vamana {

void fill_distance_scalar(KernelTable& table);
void fill_table256_scalar(KernelTable& table);
void fill_pq_score_scalar(KernelTable& table);
void fill_rabitq_scalar(KernelTable& table);
void fill_argmin256(KernelTable& table);  // of every level
void fill_widen_scalar(KernelTable& table);

#if defined(__x86_64__)
void fill_distance_float_avx2(KernelTable& table);
void fill_distance_byte_avx2(KernelTable& table);
void fill_table256_avx2(KernelTable& table);
void fill_rabitq_avx2(KernelTable& table);
void fill_widen_avx2(KernelTable& table);

void fill_distance_f32_avx512(KernelTable& table);
void fill_distance_byte_avx512(KernelTable& table);
void fill_table256_avx512(KernelTable& table);
void fill_rabitq_avx512(KernelTable& table);
void fill_pq_score_avx512(KernelTable& table);
#endif

#if defined(__aarch64__)
void fill_distance_neon(KernelTable& table);
#endif

// For the codes that a wider form leaves over.
void pq_score_scalar(const float* table, const CodeLayout& layout, const uint32_t* ids, size_t count, float* out);

// Puts `kernel` into its place.
inline void set_distance(KernelTable& table, Metric metric, Element element, DistanceFn kernel) {
  table.distance[static_cast<size_t>(metric)][static_cast<size_t>(element)] = kernel;
}

}  // namespace vamana
