// A query's table of distances in 8 bits an entry. AVX2 where there is any, because it runs once a query over some
// thousands of floats.
#include "kernels/pq_table.h"

#include <algorithm>
#include <cmath>

#include "kernels/kernels.h"
#include "kernels/target.h"

namespace vamana {

namespace {

constexpr float kFarthest = 1e37f;

struct Range {
  float low, high;
};

// Both forms clamp, then round to nearest even, so they give the same entries.
struct Scalar {
  static Range range(const float* values) {
    Range range{kFarthest, -kFarthest};
    for (size_t i = 0; i < kPqEntries; ++i) {
      const float value = clamped(values[i]);
      range.low = std::min(range.low, value);
      range.high = std::max(range.high, value);
    }
    return range;
  }
  static void entries(const float* values, float low, float inverse, uint8_t* out) {
    for (size_t i = 0; i < kPqEntries; ++i) {
      const float steps = std::nearbyint((clamped(values[i]) - low) * inverse);
      out[i] = static_cast<uint8_t>(std::min(steps, 255.0f));
    }
  }
  // NaN becomes kFarthest, as minps makes it.
  static float clamped(float value) { return std::max(value < kFarthest ? value : kFarthest, -kFarthest); }
};

#if defined(__x86_64__)

struct Avx2 {
  VAMANA_AVX2 static Range range(const float* values) {
    __m256 low = _mm256_set1_ps(kFarthest), high = _mm256_set1_ps(-kFarthest);
    for (size_t i = 0; i < kPqEntries; i += 8) {
      const __m256 value = clamped(values + i);
      low = _mm256_min_ps(low, value);
      high = _mm256_max_ps(high, value);
    }
    alignas(32) float lows[8], highs[8];
    _mm256_store_ps(lows, low);
    _mm256_store_ps(highs, high);
    return {*std::min_element(lows, lows + 8), *std::max_element(highs, highs + 8)};
  }
  VAMANA_AVX2 static void entries(const float* values, float low, float inverse, uint8_t* out) {
    const __m256 lows = _mm256_set1_ps(low), inverses = _mm256_set1_ps(inverse);
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    for (size_t i = 0; i < kPqEntries; i += 32) {
      __m256i steps[4];
      for (size_t j = 0; j < 4; ++j) {
        const __m256 above = _mm256_sub_ps(clamped(values + i + 8 * j), lows);
        steps[j] = _mm256_cvtps_epi32(_mm256_mul_ps(above, inverses));
      }
      // Packing saturates, and leaves groups of four in the order 0 2 4 6 1 3 5 7.
      const __m256i bytes =
          _mm256_packus_epi16(_mm256_packs_epi32(steps[0], steps[1]), _mm256_packs_epi32(steps[2], steps[3]));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), _mm256_permutevar8x32_epi32(bytes, order));
    }
  }
  VAMANA_AVX2 static __m256 clamped(const float* values) {
    return _mm256_max_ps(_mm256_min_ps(_mm256_loadu_ps(values), _mm256_set1_ps(kFarthest)), _mm256_set1_ps(-kFarthest));
  }
};

#endif

template <typename Level>
PqQuery quantise(const float* distances, size_t sub_vectors, uint8_t* entries) {
  // One scale for all, because the entries are added up.
  PqQuery query{0, 0};
  for (size_t s = 0; s < sub_vectors; ++s) {
    const Range range = Level::range(distances + s * kPqEntries);
    query.base += range.low;
    query.scale = std::max(query.scale, (range.high - range.low) / 255);
  }
  const float inverse = query.scale > 0 ? 1 / query.scale : 0;
  for (size_t s = 0; s < sub_vectors; ++s) {
    const float* const values = distances + s * kPqEntries;
    Level::entries(values, Level::range(values).low, inverse, entries + s * kPqEntries);
  }
  return query;
}

}  // namespace

PqQuery quantise_table(const float* distances, size_t sub_vectors, uint8_t* entries) {
#if defined(__x86_64__)
  if (kernels().level == CpuLevel::kAvx2 || kernels().level == CpuLevel::kAvx512) {
    return quantise<Avx2>(distances, sub_vectors, entries);
  }
#endif
  return quantise<Scalar>(distances, sub_vectors, entries);
}

}  // namespace vamana
