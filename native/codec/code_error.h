// How far a code's estimate lies from the exact distance: measured at build time, used at search time to
// decide which candidates may still be among the nearest.
//
// exact = estimate + bias + spread * error_scale(estimate) * (noise of variance 1). Under l2 and cosine the
// cross term 2 <q - x, x - decoded(x)> dominates the error, so it grows with the distance's square root.
#pragma once

#include <algorithm>
#include <cmath>

#include "base/element.h"

namespace vamana {

struct CodeError {
  double training = 0;  // mean squared distance of the training vectors from what their codes decode to
  float bias = 0;
  float spread = 0;
  // What `auto` measured when it chose between both codecs; zero when it had no choice.
  float pq_recall = 0;
  float rabitq_recall = 0;
};

inline float error_scale(Metric metric, float estimate) {
  return metric == Metric::kL2 || metric == Metric::kCosine ? std::sqrt(std::max(estimate, 0.0f)) : 1.0f;
}

}  // namespace vamana
