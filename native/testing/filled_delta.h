// Deltas filled with made-up vectors. For tests only.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "delta/delta.h"
#include "testing/sanitized.h"
#include "testing/synthetic.h"

namespace vamana::testing {

// Row ids with gaps, so that none is its slot by chance.
inline uint32_t delta_row(uint32_t slot) { return 7 + 3 * slot; }

inline std::shared_ptr<Delta> empty_delta(uint32_t dim, Element element, Metric metric, uint32_t degree = 24) {
  DeltaOptions options;
  options.dim = dim;
  options.element = element;
  options.metric = metric;
  options.degree = degree;
  auto delta = Delta::create(options);
  EXPECT_TRUE(delta.ok()) << delta.status().message();
  return delta.value();
}

// Appends rows [begin, end) of `set` under the ids delta_row() gives them.
inline Status append_rows(Delta& delta, const VectorSet& set, uint32_t begin, uint32_t end) {
  std::vector<uint32_t> rows;
  for (uint32_t slot = begin; slot < end; ++slot) rows.push_back(delta_row(slot));
  return delta.append(rows, set.row(begin));
}

// All of `set`, its first `linked` rows linked.
inline std::shared_ptr<Delta> filled_delta(const VectorSet& set, Metric metric, uint32_t linked, uint32_t degree = 24) {
  std::shared_ptr<Delta> delta = empty_delta(set.dim, set.element, metric, degree);
  const Status appended = append_rows(*delta, set, 0, set.rows);
  EXPECT_TRUE(appended.ok()) << appended.message();
  EXPECT_EQ(delta->link_some(linked), linked);
  return delta;
}

// "l2 over u8", for messages.
inline std::string space_name(Metric metric, Element element) {
  return std::string(metric_name(metric)) + " over " + std::string(element_name(element));
}

}  // namespace vamana::testing
