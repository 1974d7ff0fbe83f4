#include "format/header_rules.h"

#include <cmath>

#include "base/coding.h"
#include "format/block_checksums.h"

namespace vamana {

namespace {

// Above what 2^32 rows of the greatest dimension come to, far below what makes 64-bit sums overflow.
constexpr uint64_t kMaxFileBytes = uint64_t{1} << 52;
constexpr uint32_t kMaxClassBits = 32;
// A code is never longer than the vector that it stands for.
constexpr uint32_t kMaxCodeBytes = kMaxDimension * sizeof(float);
constexpr uint32_t kMaxStride = 2 * kMaxCodeBytes;

using ull = unsigned long long;

Status broken(const std::string& path, const HeaderField& field, const std::string& found,
              const std::string& expected) {
  return Status(Code::kCorrupt, format("%s: at offset %zu: %s is %s, expected %s", path.c_str(), field.offset,
                                       field.name, found.c_str(), expected.c_str()));
}

Status in_range(const std::string& path, const HeaderField& field, uint64_t found, uint64_t low, uint64_t high) {
  if (found >= low && found <= high) return Status();
  return broken(path, field, format("%llu", ull(found)), format("%llu to %llu", ull(low), ull(high)));
}

Status equals(const std::string& path, const HeaderField& field, uint64_t found, uint64_t expected) {
  if (found == expected) return Status();
  return broken(path, field, format("%llu", ull(found)), format("%llu", ull(expected)));
}

Status finite_not_negative(const std::string& path, const HeaderField& field, double found) {
  if (std::isfinite(found) && found >= 0) return Status();
  return broken(path, field, format("%g", found), "a finite number not below 0");
}

// A member of an array field.
HeaderField member(const HeaderField& field, size_t index, size_t bytes) {
  return HeaderField{field.offset + index * bytes, field.name};
}

Status check_common(const SegmentHeader& header, const std::string& path) {
  VAMANA_TRY(in_range(path, fields::kRows, header.rows, 1, kMaxRows));
  VAMANA_TRY(in_range(path, fields::kDim, header.dim, 1, kMaxDimension));
  VAMANA_TRY(in_range(path, fields::kElement, static_cast<uint32_t>(header.element), 0, kElementCount - 1));
  VAMANA_TRY(in_range(path, fields::kMetric, static_cast<uint32_t>(header.metric), 0, kMetricCount - 1));
  VAMANA_TRY(in_range(path, fields::kBodyBytes, header.body_bytes, 0, kMaxFileBytes));
  return in_range(path, fields::kPayloadBytes, header.payload_bytes, 0, header.body_bytes);
}

Status check_vectors(const SegmentHeader& header, const std::string& path) {
  const VectorsFields expected = vectors_layout(header.dim, header.element);
  VAMANA_TRY(equals(path, fields::kRecordBytes, header.vectors.record_bytes, expected.record_bytes));
  VAMANA_TRY(equals(path, fields::kRecordsPerSlot, header.vectors.records_per_slot, expected.records_per_slot));
  VAMANA_TRY(equals(path, fields::kPagesPerSlot, header.vectors.pages_per_slot, expected.pages_per_slot));
  const uint64_t slot_bytes = kHeaderBytes * expected.pages_per_slot;
  VAMANA_TRY(equals(path, fields::kBlockBytes, header.block_bytes, slot_bytes));
  VAMANA_TRY(equals(path, fields::kPayloadBytes, header.payload_bytes, header.rows * expected.record_bytes));
  VAMANA_TRY(
      equals(path, fields::kBodyBytes, header.body_bytes, div_up(header.rows, expected.records_per_slot) * slot_bytes));
  return equals(path, fields::kTableCrc, header.table_crc, 0);
}

// All but vectors: the payload is in checksum blocks with their table behind it.
Status check_blocks(const SegmentHeader& header, const std::string& path, uint64_t payload_bytes) {
  VAMANA_TRY(equals(path, fields::kPayloadBytes, header.payload_bytes, payload_bytes));
  VAMANA_TRY(equals(path, fields::kBlockBytes, header.block_bytes, kChecksumBlockBytes));
  return equals(path, fields::kBodyBytes, header.body_bytes, BlockLayout(payload_bytes).body_bytes());
}

Status check_entries(const SegmentHeader& header, const std::string& path) {
  const GraphFields& graph = header.graph;
  VAMANA_TRY(in_range(path, fields::kEntryCount, graph.entry_count, 1, kMaxEntries));
  for (uint32_t i = 0; i < kMaxEntries; ++i) {
    const HeaderField entry = member(fields::kEntries, i, sizeof(uint32_t));
    VAMANA_TRY(in_range(path, entry, graph.entries[i], 0, i < graph.entry_count ? header.rows - 1 : 0));
  }
  return Status();
}

// How long a list may be and how many bytes a directory has is the packing's own, and judged where it is taken
// over (graph/packed_graph.h).
Status check_graph(const SegmentHeader& header, const std::string& path) {
  const GraphFields& graph = header.graph;
  VAMANA_TRY(finite_not_negative(path, fields::kAlpha, graph.alpha));
  VAMANA_TRY(check_entries(header, path));
  VAMANA_TRY(in_range(path, fields::kWidthClasses, graph.width_classes, 1, kMaxWidthClasses));
  for (uint32_t i = 0; i < kMaxWidthClasses; ++i) {
    const uint32_t most = i < graph.width_classes ? kMaxClassBits : 0;
    VAMANA_TRY(in_range(path, member(fields::kClassBits, i, 1), graph.class_bits[i], 0, most));
  }
  VAMANA_TRY(in_range(path, fields::kEdges, graph.edges, 0, header.rows * graph.degree));
  VAMANA_TRY(in_range(path, fields::kDirectoryBytes, graph.directory_bytes, 1, header.payload_bytes));
  // A list is one byte long at least: its header.
  VAMANA_TRY(in_range(path, fields::kListBytes, graph.list_bytes, header.rows, kMaxFileBytes));
  return check_blocks(header, path,
                      round_up(graph.directory_bytes, kPayloadAlignment) + graph.list_bytes + kListTailBytes);
}

Status check_codes(const SegmentHeader& header, const std::string& path) {
  const CodesFields& codes = header.codes;
  VAMANA_TRY(in_range(path, fields::kCodec, codes.codec, 1, 2));
  VAMANA_TRY(in_range(path, fields::kCodeBytes, codes.code_bytes, 1, kMaxCodeBytes));
  VAMANA_TRY(in_range(path, fields::kCodesPerLine, codes.codes_per_line, 1, kMaxStride));
  const uint64_t group_bytes = uint64_t{codes.code_bytes} * codes.codes_per_line;
  VAMANA_TRY(in_range(path, fields::kStride, codes.stride, group_bytes, kMaxStride));
  VAMANA_TRY(in_range(path, fields::kParameterBytes, codes.parameter_bytes, 0, header.payload_bytes));
  VAMANA_TRY(finite_not_negative(path, fields::kTrainingError, codes.training_error));
  VAMANA_TRY(finite_not_negative(path, fields::kErrorBias, std::abs(codes.error_bias)));
  VAMANA_TRY(finite_not_negative(path, fields::kErrorSpread, codes.error_spread));
  VAMANA_TRY(finite_not_negative(path, fields::kPqRecall, codes.pq_recall));
  VAMANA_TRY(finite_not_negative(path, fields::kRabitqRecall, codes.rabitq_recall));
  return check_blocks(
      header, path,
      round_up(codes.parameter_bytes, kPayloadAlignment) + div_up(header.rows, codes.codes_per_line) * codes.stride);
}

Status check_rows(const SegmentHeader& header, const std::string& path) {
  const RowsFields& ids = header.row_ids;
  VAMANA_TRY(in_range(path, fields::kFirstRow, ids.first, 0, kMaxRows - header.rows));
  VAMANA_TRY(in_range(path, fields::kLastRow, ids.last, ids.first + header.rows - 1, kMaxRows - 1));
  return check_blocks(header, path, header.rows * row_entry_bytes(ids, header.rows));
}

}  // namespace

Status check_header(const SegmentHeader& header, const std::string& path) {
  VAMANA_TRY(check_common(header, path));
  switch (header.kind) {
    case FileKind::kVectors:
      return check_vectors(header, path);
    case FileKind::kGraph:
      return check_graph(header, path);
    case FileKind::kCodes:
      return check_codes(header, path);
    case FileKind::kRows:
      return check_rows(header, path);
  }
  return in_range(path, fields::kKind, static_cast<uint32_t>(header.kind), 0, 3);
}

std::string hex_bytes(const uint8_t* bytes, size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text += format("%02x", bytes[i]);
  return text;
}

}  // namespace vamana
