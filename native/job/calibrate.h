// Measures how far a codec's estimates lie from exact distances, on pairs of near rows: the ends of edges of
// the graph, which a walk's candidates are like.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/thread_pool.h"
#include "codec/code_error.h"
#include "codec/codec.h"

namespace vamana {

struct CalibrationInput {
  uint64_t nodes = 0;
  uint32_t dim = 0;
  Element element = Element::kF32;
  Metric metric = Metric::kL2;
  const Codec* codec = nullptr;
  CodeLayout codes;  // of all nodes
  std::function<const uint8_t*(uint32_t node)> vector;
  std::function<std::span<const uint32_t>(uint32_t node)> neighbours;
};

// Bias and spread (CodeError::training is left as it is). The same for any thread count.
CodeError calibrate(const CalibrationInput& input, ThreadPool& pool);

}  // namespace vamana
