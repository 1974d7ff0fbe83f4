#include "search/node_filter.h"

#include <bit>

#include "search/row_filter.h"

namespace vamana {

Result<std::shared_ptr<const NodeFilter>> NodeFilter::create(const Segment& segment, const RowFilter& rows) {
  auto made = std::make_shared<NodeFilter>();
  made->words_.resize((segment.rows() + 63) / 64);
  VAMANA_ASSIGN(const RowNodes* const table, segment.row_nodes());
  RowNodes::Cursor cursor(*table);
  rows.for_each(table->first(), table->last(), [&](uint32_t row) {
    uint32_t node;
    if (!cursor.find(row, &node)) return;
    made->words_[node / 64] |= uint64_t{1} << (node % 64);
    ++made->count_;
  });
  uint64_t before = 0;
  for (const uint64_t bits : made->words_) {
    made->runs_ += static_cast<uint64_t>(std::popcount(bits & ~(bits << 1 | before)));
    before = bits >> 63;
  }
  const uint64_t step = std::max<uint64_t>(1, made->count_ / kSample);
  uint64_t at = 0;
  made->for_each([&](uint32_t node) {
    if (at++ % step == step / 2) made->sample_.push_back(node);
    return made->sample_.size() < kSample;
  });
  return std::shared_ptr<const NodeFilter>(std::move(made));
}

}  // namespace vamana
