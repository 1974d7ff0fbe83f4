#include "segment/describe.h"

#include "codec/rabitq.h"
#include "segment/segment_files.h"

namespace vamana {
namespace {

// As Codec::name() has it; the codec itself would need its parameters, which can be large, or damaged.
std::string code_name(const SegmentHeader& header) {
  const CodesFields& codes = header.codes;
  switch (static_cast<CodecKind>(codes.codec)) {
    case CodecKind::kPq:
      return format("pq%ux8", codes.code_bytes);
    case CodecKind::kRabitq:
      return format("rabitq%u", rabitq_bits(header.dim, codes.code_bytes));
  }
  return format("codec %u of %u bytes", codes.codec, codes.code_bytes);
}

}  // namespace

SegmentDescription describe_segment(const Segment& segment) {
  return {segment.vectors_header(), segment.graph_header(), segment.codes_header(), segment.rows_header(),
          segment.codec().name()};
}

Result<SegmentDescription> describe_segment(const std::string& dir) {
  VAMANA_ASSIGN(const SegmentFiles files, open_segment_files(dir));
  const SegmentHeaders& headers = files.headers;
  return SegmentDescription{headers.vectors, headers.graph, headers.codes, headers.rows, code_name(headers.codes)};
}

}  // namespace vamana
