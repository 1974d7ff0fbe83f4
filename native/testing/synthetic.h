// Vectors made up for tests: points around cluster centres, with some rows that repeat an earlier one byte
// for byte, in any element type. The same numbers for the same options on every machine.
//
// Not for measurements of quality: real data is harder. For tests only.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/element.h"

namespace vamana::testing {

struct SyntheticOptions {
  uint32_t rows = 1000;
  uint32_t dim = 16;
  Element element = Element::kF32;
  uint64_t seed = 1;
  uint32_t clusters = 16;
  double spread = 0.35;      // standard deviation around a centre; the centres' own is 1
  double duplicates = 0.02;  // share of rows that repeat an earlier row
  double zeros = 0;          // share of rows that are all zero
};

// Rows of one element type, tightly packed.
struct VectorSet {
  uint32_t rows = 0;
  uint32_t dim = 0;
  Element element = Element::kF32;
  std::vector<uint8_t> bytes;

  uint64_t row_bytes() const { return uint64_t{dim} * element_bytes(element); }
  uint8_t* row(uint64_t i) { return bytes.data() + i * row_bytes(); }
  const uint8_t* row(uint64_t i) const { return bytes.data() + i * row_bytes(); }
  std::vector<float> widened(uint64_t i) const;
};

VectorSet make_vectors(const SyntheticOptions& options);

// Queries around the same centres; none is a row but by chance.
VectorSet make_queries(const SyntheticOptions& options, uint32_t count);

// The given values, rounded and clipped to the element's range: for hand-made rows.
VectorSet vectors_of(Element element, uint32_t dim, std::span<const float> values);

}  // namespace vamana::testing
