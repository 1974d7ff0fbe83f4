// Element types and metrics: what a vector is made of and what "near" means. Shared by every layer; the
// numeric values stand in files and never change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vamana {

enum class Element : uint32_t { kF32 = 0, kF16 = 1, kU8 = 2, kI8 = 3 };
constexpr size_t kElementCount = 4;

// All distances ascend: smaller is nearer.
enum class Metric : uint32_t {
  kL2 = 0,      // squared Euclidean distance
  kCosine = 1,  // 1 - cosine similarity; the zero vector is at distance 1 from everything
  kDot = 2,     // minus the inner product
  kL1 = 3,      // sum of absolute differences
};
constexpr size_t kMetricCount = 4;

constexpr size_t element_bytes(Element element) {
  return element == Element::kF32 ? 4 : element == Element::kF16 ? 2 : 1;
}

std::string_view element_name(Element element);  // "f32", "f16", "u8", "i8"; "unknown" of a number that is none
std::string_view metric_name(Metric metric);     // "l2", "cosine", "dot", "l1"; likewise

}  // namespace vamana
