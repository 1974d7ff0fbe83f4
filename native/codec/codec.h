// A codec turns a vector into a short code and a query into a scorer over codes. Distances on codes are
// estimates (CodeDistance): they order candidates, the exact ones (ExactDistance) order results.
//
// Codes are made of the widened f32 vector, normalised under cosine. Estimates are in the scale of the
// metric's exact distance (base/element.h), so that bounds between the two can be calibrated.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/cancel.h"
#include "base/element.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace vamana {

using CodeScoreFn = PqScoreFn;

enum class CodecKind : uint32_t { kPq = 1, kRabitq = 2 };

// Where the codes of a segment lie: whole codes in cache lines of 64 bytes, so that scoring touches one, unless
// that wastes more than an eighth of the memory; then one after the other.
CodeLayout code_layout(uint32_t code_bytes);
uint64_t code_area_bytes(const CodeLayout& layout, uint64_t rows);

// Scales a vector to length 1, as codes under cosine are made; the zero vector stays.
void normalise(float* vector, size_t dim);

class Codec {
 public:
  virtual ~Codec() = default;
  virtual CodecKind kind() const = 0;
  virtual std::string name() const = 0;  // "pq32x8"
  virtual uint32_t code_bytes() const = 0;
  // Encodes one widened (and, under cosine, normalised) vector. Safe from many threads.
  virtual void encode(const float* vector, uint8_t* code) const = 0;
  // Rebuilds the vector that the code stands for, for training errors and tests.
  virtual void decode(const uint8_t* code, float* vector) const = 0;
  // The parameter block of codes.seg.
  virtual std::vector<uint8_t> parameters() const = 0;
  // Floats of per-query scratch that prepare() fills.
  virtual size_t query_floats() const = 0;
  // Fills the query's table. REQUIRES `query` widened (normalised under cosine).
  virtual void prepare(const float* query, float* table) const = 0;
  // The function that turns a prepared table and the codes of some nodes into estimates: chosen once a
  // search, so that the walk makes no virtual call.
  virtual CodeScoreFn scorer() const = 0;
  // Bytes of RAM of the parameters (codebooks, rotation).
  virtual uint64_t memory_bytes() const = 0;
};

}  // namespace vamana
