#include "search/node_filter.h"

#include <bit>

#include "search/row_filter.h"

namespace vamana {

Result<std::shared_ptr<const NodeFilter>> NodeFilter::create(const Segment& segment, const RowFilter& rows) {
  std::vector<uint64_t> words((segment.rows() + 63) / 64);
  VAMANA_ASSIGN(const RowNodes* const table, segment.row_nodes());
  RowNodes::Cursor cursor(*table);
  rows.for_each(table->first(), table->last(), [&](uint32_t row) {
    uint32_t node;
    if (cursor.find(row, &node)) words[node / 64] |= uint64_t{1} << (node % 64);
  });
  return std::make_shared<const NodeFilter>(std::move(words));
}

NodeFilter::NodeFilter(std::vector<uint64_t> words) : words_(std::move(words)) {
  uint64_t before = 0;
  for (const uint64_t bits : words_) {
    count_ += static_cast<uint64_t>(std::popcount(bits));
    runs_ += static_cast<uint64_t>(std::popcount(bits & ~(bits << 1 | before)));
    before = bits >> 63;
  }
  const uint64_t step = std::max<uint64_t>(1, count_ / kSample);
  uint64_t at = 0;
  for_each([&](uint32_t node) {
    if (at++ % step == step / 2) sample_.push_back(node);
    return sample_.size() < kSample;
  });
}

}  // namespace vamana
