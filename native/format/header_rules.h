// What a segment's header may say: the fields by name and offset, and the rules between them. The codec of
// the page (segment_format.cc) and both sides of the disk use it: a header is checked after it is read and
// before it is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/status.h"
#include "format/segment_format.h"

namespace vamana {

// A field of the header page, as messages name it.
struct HeaderField {
  size_t offset;
  const char* name;
};

namespace fields {

constexpr HeaderField kRows{32, "rows"};
constexpr HeaderField kDim{40, "dimension"};
constexpr HeaderField kElement{44, "element"};
constexpr HeaderField kMetric{48, "metric"};
constexpr HeaderField kKind{52, "kind"};
constexpr HeaderField kBodyBytes{56, "body bytes"};
constexpr HeaderField kPayloadBytes{64, "payload bytes"};
constexpr HeaderField kBlockBytes{72, "checksum block bytes"};
constexpr HeaderField kTableCrc{76, "checksum of the checksum table"};

constexpr HeaderField kRecordBytes{80, "record bytes"};
constexpr HeaderField kRecordsPerSlot{84, "records a slot"};
constexpr HeaderField kPagesPerSlot{88, "pages a slot"};

constexpr HeaderField kDegree{80, "degree limit"};
constexpr HeaderField kBuildList{84, "build list size"};
constexpr HeaderField kAlpha{88, "alpha"};
constexpr HeaderField kEntryCount{92, "entry count"};
constexpr HeaderField kWidthClasses{96, "width classes"};
constexpr HeaderField kClassBits{100, "bits of a width class"};
constexpr HeaderField kEdges{116, "edges"};
constexpr HeaderField kDirectoryBytes{124, "directory bytes"};
constexpr HeaderField kListBytes{132, "list bytes"};
constexpr HeaderField kSeed{140, "build seed"};
constexpr HeaderField kEntries{148, "entry node"};

constexpr HeaderField kCodec{80, "codec"};
constexpr HeaderField kCodeBytes{84, "code bytes"};
constexpr HeaderField kCodesPerLine{88, "codes a line"};
constexpr HeaderField kStride{92, "stride"};
constexpr HeaderField kParameterBytes{96, "parameter bytes"};
constexpr HeaderField kTrainingError{104, "training error"};
constexpr HeaderField kErrorBias{112, "bias of the estimates"};
constexpr HeaderField kErrorSpread{116, "spread of the estimates"};
constexpr HeaderField kPqRecall{120, "recall measured with pq"};
constexpr HeaderField kRabitqRecall{124, "recall measured with rabitq"};

constexpr HeaderField kFirstRow{80, "first row"};
constexpr HeaderField kLastRow{84, "last row"};

}  // namespace fields

// The offset after the last field of a kind: zeros follow up to the page's checksum.
constexpr size_t fields_end(FileKind kind) {
  switch (kind) {
    case FileKind::kVectors:
      return fields::kPagesPerSlot.offset + 4;
    case FileKind::kGraph:
      return fields::kEntries.offset + 4 * kMaxEntries;
    case FileKind::kCodes:
      return fields::kRabitqRecall.offset + 4;
    case FileKind::kRows:
      return fields::kLastRow.offset + 4;
  }
  return fields::kRecordBytes.offset;
}

// CORRUPT, naming path, offset, found and expected, when a rule is broken. Every size is bounded here, so
// that no sum or product of header fields overflows 64 bits afterwards.
Status check_header(const SegmentHeader& header, const std::string& path);

// "1f00a2", two digits a byte.
std::string hex_bytes(const uint8_t* bytes, size_t size);

}  // namespace vamana
