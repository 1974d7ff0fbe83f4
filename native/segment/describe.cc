#include "segment/describe.h"

#include "codec/codec.h"
#include "codec/rabitq.h"
#include "segment/segment_files.h"

namespace vamana {
namespace {

// As Codec::name() has it; the codec itself would need its parameters, which can be large.
std::string code_name(uint32_t dim, const CodesFields& codes) {
  if (static_cast<CodecKind>(codes.codec) == CodecKind::kPq) return format("pq%ux8", codes.code_bytes);
  return format("rabitq%u", rabitq_bits(dim, codes.code_bytes));
}

}  // namespace

SegmentDescription describe_segment(const Segment& segment) {
  return {segment.vectors_header(), segment.graph_header(), segment.codes_header(), segment.codec().name()};
}

Result<SegmentDescription> describe_segment(const std::string& dir) {
  VAMANA_ASSIGN(const SegmentFiles files, open_segment_files(dir));
  const SegmentHeaders& headers = files.headers;
  return SegmentDescription{headers.vectors, headers.graph, headers.codes,
                            code_name(headers.codes.dim, headers.codes.codes)};
}

}  // namespace vamana
