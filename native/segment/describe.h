// What a segment is, from its headers alone: for `inspect` and for the information an open index carries.
#pragma once

#include <string>

#include "base/status.h"
#include "format/segment_format.h"
#include "segment/segment.h"

namespace vamana {

struct SegmentDescription {
  SegmentHeader vectors, graph, codes, rows;
  std::string code_name;  // "pq32x8"
};

SegmentDescription describe_segment(const Segment& segment);

// Opens the files, reads and judges the headers, and closes them again.
Result<SegmentDescription> describe_segment(const std::string& dir);

}  // namespace vamana
