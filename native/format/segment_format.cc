#include "format/segment_format.h"

#include <cstring>

#include "base/coding.h"
#include "base/crc32c.h"
#include "format/header_rules.h"

namespace vamana {

namespace {

constexpr size_t kMagicBytes = 8;
constexpr const char* kMagic[] = {"VAMVECT1", "VAMGRPH1", "VAMCODE1", "VAMROWS1"};
constexpr const char* kFileName[] = {"vectors.seg", "graph.seg", "codes.seg", "rows.seg"};
constexpr uint32_t kKinds = 4;
constexpr size_t kCrcBytes = 4;

// Offsets inside the header page, as the table in segment_format.h has them. What the rules name in their
// messages stands in header_rules.h, with its name.
constexpr size_t kVersionAt = 8;
constexpr size_t kHeaderBytesAt = 12;
constexpr size_t kUuidAt = 16;
constexpr size_t kCrcAt = kHeaderBytes - kCrcBytes;

void encode_vectors(const VectorsFields& fields, uint8_t* page) {
  store_le(page + fields::kRecordBytes.offset, fields.record_bytes);
  store_le(page + fields::kRecordsPerSlot.offset, fields.records_per_slot);
  store_le(page + fields::kPagesPerSlot.offset, fields.pages_per_slot);
}

void encode_graph(const GraphFields& fields, uint8_t* page) {
  store_le(page + fields::kDegree.offset, fields.degree);
  store_le(page + fields::kBuildList.offset, fields.build_list);
  store_le(page + fields::kAlpha.offset, fields.alpha);
  store_le(page + fields::kEntryCount.offset, fields.entry_count);
  store_le(page + fields::kWidthClasses.offset, fields.width_classes);
  std::memcpy(page + fields::kClassBits.offset, fields.class_bits.data(), fields.class_bits.size());
  store_le(page + fields::kEdges.offset, fields.edges);
  store_le(page + fields::kDirectoryBytes.offset, fields.directory_bytes);
  store_le(page + fields::kListBytes.offset, fields.list_bytes);
  store_le(page + fields::kSeed.offset, fields.seed);
  std::memcpy(page + fields::kEntries.offset, fields.entries.data(), sizeof fields.entries);
}

void encode_codes(const CodesFields& fields, uint8_t* page) {
  store_le(page + fields::kCodec.offset, fields.codec);
  store_le(page + fields::kCodeBytes.offset, fields.code_bytes);
  store_le(page + fields::kCodesPerLine.offset, fields.codes_per_line);
  store_le(page + fields::kStride.offset, fields.stride);
  store_le(page + fields::kParameterBytes.offset, fields.parameter_bytes);
  store_le(page + fields::kTrainingError.offset, fields.training_error);
  store_le(page + fields::kErrorBias.offset, fields.error_bias);
  store_le(page + fields::kErrorSpread.offset, fields.error_spread);
  store_le(page + fields::kPqRecall.offset, fields.pq_recall);
  store_le(page + fields::kRabitqRecall.offset, fields.rabitq_recall);
}

void encode_rows(const RowsFields& fields, uint8_t* page) {
  store_le(page + fields::kFirstRow.offset, fields.first);
  store_le(page + fields::kLastRow.offset, fields.last);
}

template <typename T>
void load_field(const uint8_t* page, const HeaderField& field, T* to) {
  *to = load_le<T>(page + field.offset);
}

VectorsFields decode_vectors(const uint8_t* page) {
  VectorsFields out;
  load_field(page, fields::kRecordBytes, &out.record_bytes);
  load_field(page, fields::kRecordsPerSlot, &out.records_per_slot);
  load_field(page, fields::kPagesPerSlot, &out.pages_per_slot);
  return out;
}

GraphFields decode_graph(const uint8_t* page) {
  GraphFields out;
  load_field(page, fields::kDegree, &out.degree);
  load_field(page, fields::kBuildList, &out.build_list);
  load_field(page, fields::kAlpha, &out.alpha);
  load_field(page, fields::kEntryCount, &out.entry_count);
  load_field(page, fields::kWidthClasses, &out.width_classes);
  std::memcpy(out.class_bits.data(), page + fields::kClassBits.offset, out.class_bits.size());
  load_field(page, fields::kEdges, &out.edges);
  load_field(page, fields::kDirectoryBytes, &out.directory_bytes);
  load_field(page, fields::kListBytes, &out.list_bytes);
  load_field(page, fields::kSeed, &out.seed);
  std::memcpy(out.entries.data(), page + fields::kEntries.offset, sizeof out.entries);
  return out;
}

CodesFields decode_codes(const uint8_t* page) {
  CodesFields out;
  load_field(page, fields::kCodec, &out.codec);
  load_field(page, fields::kCodeBytes, &out.code_bytes);
  load_field(page, fields::kCodesPerLine, &out.codes_per_line);
  load_field(page, fields::kStride, &out.stride);
  load_field(page, fields::kParameterBytes, &out.parameter_bytes);
  load_field(page, fields::kTrainingError, &out.training_error);
  load_field(page, fields::kErrorBias, &out.error_bias);
  load_field(page, fields::kErrorSpread, &out.error_spread);
  load_field(page, fields::kPqRecall, &out.pq_recall);
  load_field(page, fields::kRabitqRecall, &out.rabitq_recall);
  return out;
}

RowsFields decode_rows(const uint8_t* page) {
  RowsFields out;
  load_field(page, fields::kFirstRow, &out.first);
  load_field(page, fields::kLastRow, &out.last);
  return out;
}

SegmentHeader decode_fields(const uint8_t* page) {
  SegmentHeader header;
  std::memcpy(header.uuid.data(), page + kUuidAt, header.uuid.size());
  load_field(page, fields::kRows, &header.rows);
  load_field(page, fields::kDim, &header.dim);
  load_field(page, fields::kElement, &header.element);
  load_field(page, fields::kMetric, &header.metric);
  load_field(page, fields::kKind, &header.kind);
  load_field(page, fields::kBodyBytes, &header.body_bytes);
  load_field(page, fields::kPayloadBytes, &header.payload_bytes);
  load_field(page, fields::kBlockBytes, &header.block_bytes);
  load_field(page, fields::kTableCrc, &header.table_crc);
  switch (header.kind) {
    case FileKind::kVectors:
      header.vectors = decode_vectors(page);
      break;
    case FileKind::kGraph:
      header.graph = decode_graph(page);
      break;
    case FileKind::kCodes:
      header.codes = decode_codes(page);
      break;
    case FileKind::kRows:
      header.row_ids = decode_rows(page);
      break;
  }
  return header;
}

Status check_magic(const uint8_t* page, const std::string& path, FileKind expected) {
  const char* wanted = kMagic[static_cast<uint32_t>(expected)];
  if (std::memcmp(page, wanted, kMagicBytes) == 0) return Status();
  for (uint32_t kind = 0; kind < kKinds; ++kind) {
    if (std::memcmp(page, kMagic[kind], kMagicBytes) != 0) continue;
    return Status(Code::kCorrupt,
                  format("%s: at offset 0: this is a %s (magic %s), expected a %s (magic %s)", path.c_str(),
                         kFileName[kind], kMagic[kind], segment_file_name(expected), wanted));
  }
  return Status(Code::kCorrupt, format("%s: at offset 0: found bytes %s, expected the magic %s; not a segment file",
                                       path.c_str(), hex_bytes(page, kMagicBytes).c_str(), wanted));
}

Status check_version(const uint8_t* page, const std::string& path) {
  const auto version = load_le<uint32_t>(page + kVersionAt);
  if (version == kSegmentFormatVersion) return Status();
  const bool later = version > kSegmentFormatVersion;
  return Status(
      later ? Code::kTooNew : Code::kTooOld,
      format("%s: at offset %zu: format version %u, this program reads %u; %s", path.c_str(), kVersionAt, version,
             kSegmentFormatVersion, later ? "open it with a later version of vamana-ssd" : "build the segment again"));
}

}  // namespace

const char* segment_file_name(FileKind kind) { return kFileName[static_cast<uint32_t>(kind)]; }

std::string uuid_text(const Uuid& uuid) {
  const std::string hex = hex_bytes(uuid.data(), uuid.size());
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20);
}

VectorsFields vectors_layout(uint32_t dim, Element element) {
  VectorsFields layout;
  layout.record_bytes = dim * static_cast<uint32_t>(element_bytes(element)) + sizeof(uint32_t);
  const uint32_t one_page = kHeaderBytes - kCrcBytes;
  if (layout.record_bytes <= one_page) {
    layout.records_per_slot = one_page / layout.record_bytes;
    layout.pages_per_slot = 1;
  } else {
    layout.records_per_slot = 1;
    layout.pages_per_slot = static_cast<uint32_t>(div_up(layout.record_bytes + kCrcBytes, kHeaderBytes));
  }
  return layout;
}

void encode_header(const SegmentHeader& header, uint8_t* page) {
  std::memset(page, 0, kHeaderBytes);
  std::memcpy(page, kMagic[static_cast<uint32_t>(header.kind)], kMagicBytes);
  store_le(page + kVersionAt, kSegmentFormatVersion);
  store_le(page + kHeaderBytesAt, static_cast<uint32_t>(kHeaderBytes));
  std::memcpy(page + kUuidAt, header.uuid.data(), header.uuid.size());
  store_le(page + fields::kRows.offset, header.rows);
  store_le(page + fields::kDim.offset, header.dim);
  store_le(page + fields::kElement.offset, static_cast<uint32_t>(header.element));
  store_le(page + fields::kMetric.offset, static_cast<uint32_t>(header.metric));
  store_le(page + fields::kKind.offset, static_cast<uint32_t>(header.kind));
  store_le(page + fields::kBodyBytes.offset, header.body_bytes);
  store_le(page + fields::kPayloadBytes.offset, header.payload_bytes);
  store_le(page + fields::kBlockBytes.offset, header.block_bytes);
  store_le(page + fields::kTableCrc.offset, header.table_crc);
  switch (header.kind) {
    case FileKind::kVectors:
      encode_vectors(header.vectors, page);
      break;
    case FileKind::kGraph:
      encode_graph(header.graph, page);
      break;
    case FileKind::kCodes:
      encode_codes(header.codes, page);
      break;
    case FileKind::kRows:
      encode_rows(header.row_ids, page);
      break;
  }
  store_le(page + kCrcAt, crc32c(0, page, kCrcAt));
}

// The order matters: a page of a later version may have its checksum elsewhere, so the version is judged
// before it; every other field is judged after it, so that damage is told from nonsense.
Result<SegmentHeader> decode_header(const uint8_t* page, const std::string& path, FileKind expected) {
  VAMANA_TRY(check_magic(page, path, expected));
  VAMANA_TRY(check_version(page, path));
  const auto stored = load_le<uint32_t>(page + kCrcAt);
  const uint32_t computed = crc32c(0, page, kCrcAt);
  if (stored != computed) {
    return Status(Code::kCorrupt, format("%s: the header page's checksum at offset %zu is %08x, its bytes give %08x; "
                                         "restore the file from a copy or build the segment again",
                                         path.c_str(), kCrcAt, stored, computed));
  }
  const auto header_bytes = load_le<uint32_t>(page + kHeaderBytesAt);
  if (header_bytes != kHeaderBytes) {
    return Status(Code::kCorrupt, format("%s: at offset %zu: header bytes is %u, expected %llu", path.c_str(),
                                         kHeaderBytesAt, header_bytes, static_cast<unsigned long long>(kHeaderBytes)));
  }
  const SegmentHeader header = decode_fields(page);
  if (header.kind != expected) {
    return Status(Code::kCorrupt,
                  format("%s: at offset %zu: kind is %u, but the magic says %u", path.c_str(), fields::kKind.offset,
                         static_cast<uint32_t>(header.kind), static_cast<uint32_t>(expected)));
  }
  VAMANA_TRY(check_header(header, path));
  for (size_t at = fields_end(header.kind); at < kCrcAt; ++at) {
    if (page[at] == 0) continue;
    return Status(Code::kCorrupt,
                  format("%s: at offset %zu: byte is 0x%02x, expected zero padding", path.c_str(), at, page[at]));
  }
  return header;
}

}  // namespace vamana
