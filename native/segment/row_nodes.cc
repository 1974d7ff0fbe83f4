#include "segment/row_nodes.h"

namespace vamana {

Result<RowNodes> RowNodes::read(const RowMap& map) {
  RowNodes table;
  table.first_ = map.first();
  table.last_ = map.last();
  const bool contiguous = rows_contiguous(map.header().row_ids, map.rows());
  table.nodes_.reserve(map.rows());
  if (!contiguous) table.rows_.reserve(map.rows());
  VAMANA_TRY(map.for_each([&](uint32_t row, uint32_t node) {
    table.nodes_.push_back(node);
    if (!contiguous) table.rows_.push_back(row);
    return Status();
  }));
  return table;
}

}  // namespace vamana
