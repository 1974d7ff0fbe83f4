// rows.seg opened: from a row id to its node, without a table in RAM. Deleting rows, fetching vectors by row
// and merging segments ask it; searches do not, for a record carries its own row id.
//
// Opening reads the file once, checks it, and keeps one row id of every page (4 bytes for 512 rows); none
// when the rows are contiguous. A lookup is then one read, most often answered by the system's cache.
//
// Thread safety: const after open; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/status.h"
#include "format/segment_format.h"
#include "io/file.h"

namespace vamana {

class RowMap {
 public:
  // CORRUPT when a checksum does not hold, rows do not ascend from the first to the last, or a node is none.
  static Result<RowMap> open(File file, const SegmentHeader& header);

  const SegmentHeader& header() const { return header_; }
  uint64_t rows() const { return header_.rows; }
  uint32_t first() const { return header_.row_ids.first; }
  uint32_t last() const { return header_.row_ids.last; }

  // Nothing when the segment has no such row.
  Result<std::optional<uint32_t>> node_of(uint32_t row) const;

  // Every row with its node, ascending by row; checked as at opening. The first failure of `visit` ends it.
  using Visit = std::function<Status(uint32_t row, uint32_t node)>;
  Status for_each(const Visit& visit) const;

 private:
  RowMap(File file, const SegmentHeader& header) : file_(std::move(file)), header_(header) {}
  bool contiguous() const { return rows_contiguous(header_.row_ids, header_.rows); }

  File file_;
  SegmentHeader header_;
  std::vector<uint32_t> page_rows_;  // the first row of every page; empty when contiguous
};

// What opening checks, for `verify`: visits every row and node of the file, or says what is wrong with it.
Status scan_row_map(const File& file, const SegmentHeader& header, const RowMap::Visit& visit);

}  // namespace vamana
