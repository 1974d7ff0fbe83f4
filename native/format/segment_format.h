// The segment on disk: the one place that knows an offset. A segment is an immutable folder of four
// files, written under a temporary name, synced and renamed (segment/segment_writer).
//
//   vectors.seg   full vectors in graph order, a record [vector | row id] a node, a CRC a slot
//   graph.seg     packed adjacency lists with their directory
//   codes.seg     short codes, one a node, with the codec's own parameters
//   rows.seg      the node of every row, by row: the way from a row id to its record
//
// Every file begins with one header page of 4096 bytes. Integers are little-endian.
//
//   offset | size | type  | meaning
//   -------|------|-------|---------------------------------------------------------------
//        0 |    8 | bytes | magic: "VAMVECT1", "VAMGRPH1", "VAMCODE1" or "VAMROWS1"
//        8 |    4 | u32   | format version, 1
//       12 |    4 | u32   | header bytes, 4096
//       16 |   16 | bytes | segment uuid, the same in all four files
//       32 |    8 | u64   | rows
//       40 |    4 | u32   | dimension
//       44 |    4 | u32   | element: 0 f32, 1 f16, 2 u8, 3 i8
//       48 |    4 | u32   | metric: 0 l2, 1 cosine, 2 dot, 3 l1
//       52 |    4 | u32   | kind: 0 vectors, 1 graph, 2 codes, 3 rows
//       56 |    8 | u64   | body bytes: what follows the header page, a multiple of 4096
//       64 |    8 | u64   | payload bytes: the body's used part, checksums and padding apart
//       72 |    4 | u32   | checksum block bytes: 4096 * pages a slot in vectors, 65536 in the others
//       76 |    4 | u32   | CRC-32C of the checksum table with its padding, 0 in vectors
//       80 |  944 | bytes | fields of the kind, below; zero where unused
//     1024 | 3068 | bytes | zero
//     4092 |    4 | u32   | CRC-32C of bytes 0..4091 of this page
//
// Kind vectors, at 80:  u32 record bytes (vector + 4), u32 records a slot, u32 pages a slot.
//   The body is slots of (4096 * pages a slot) bytes. A slot holds its records from its first byte, zeros,
//   and in its last 4 bytes the CRC-32C of its number (u64) and all bytes before. Node n is record n % records_a_slot
//   of slot n / records_a_slot. A record never straddles a slot; a slot has more than one page only when a record with
//   its CRC does not fit 4096 bytes, and then holds one record.
//
// Kind graph, at 80:    u32 degree limit, u32 build list size, f32 alpha, u32 entry count,
//                       u32 width classes, u8[16] bits of each class, u64 edges, u64 directory bytes,
//                       u64 list bytes, u64 build seed, u32[32] entry nodes.
//   The payload is the directory, zero-padded to 64 bytes, then the lists, then 64 zero bytes so that a
//   wide load at the last list stays inside (graph/packed_graph.h describes both).
//
// Kind codes, at 80:    u32 codec (1 pq, 2 rabitq), u32 code bytes, u32 codes a line, u32 stride,
//                       u64 parameter bytes, f64 training error, f32 bias and f32 spread of the estimates
//                       (codec/code_error.h), f32 recall with pq and f32 recall with rabitq that `auto` measured.
//   The payload is the codec's parameters (codec/*.h describes them), zero-padded to 64 bytes, then the
//   codes: div_up(rows, codes a line) groups of `stride` bytes.
//
// Kind rows, at 80:     u32 first row, u32 last row: the smallest and the largest id.
//   The payload is an entry a row, ascending by row. When the rows are contiguous (last - first + 1 = rows)
//   an entry is the node, u32, and entry i belongs to row first + i; otherwise it is the row, u32, then the
//   node, u32.
//
// In graph, codes and rows the body is the payload, zero-padded to a multiple of 4096, then the checksum table:
// a u32 CRC-32C for every block of 65536 bytes of the padded payload (the last may be short), zero-padded
// to a multiple of 4096.
//
// A worked example: the first 160 bytes of the header page of test/golden/segment-v1/graph.seg (a test
// decodes this comment). What follows is zero up to the checksum 67 d2 5b a1 at offset 4092.
//
//   0000  56 41 4d 47 52 50 48 31 01 00 00 00 00 10 00 00  "VAMGRPH1", version 1, 4096 header bytes
//   0010  00 11 22 33 44 55 46 77 88 99 aa bb cc dd ee ff  uuid 00112233-4455-4677-8899-aabbccddeeff
//   0020  28 00 00 00 00 00 00 00 08 00 00 00 02 00 00 00  40 rows, dimension 8, element u8
//   0030  00 00 00 00 01 00 00 00 00 20 00 00 00 00 00 00  metric l2, kind graph, body of 8192 bytes
//   0040  bb 01 00 00 00 00 00 00 00 00 01 00 42 15 45 d8  payload of 443 = 192 + 187 + 64, blocks, table
//   0050  05 00 00 00 0a 00 00 00 00 00 a0 3f 02 00 00 00  degree 5, build list 10, alpha 1.25, 2 entries
//   0060  04 00 00 00 00 01 03 05 00 00 00 00 00 00 00 00  4 width classes: 0, 1, 3 and 5 bits
//   0070  00 00 00 00 b4 00 00 00 00 00 00 00 88 00 00 00  180 edges, directory of 136 bytes ...
//   0080  00 00 00 00 bb 00 00 00 00 00 00 00 d9 d8 34 01  lists of 187 bytes, seed 20240601 ...
//   0090  00 00 00 00 14 00 00 00 27 00 00 00 00 00 00 00  entry nodes 20 and 39
//
// A segment is valid iff all four headers are valid and agree on uuid, rows, dimension, element and
// metric; every file's size is 4096 + body bytes; every checksum holds; every padding byte is zero; every
// list decodes to distinct nodes below `rows`, none its own; the row ids are distinct; and rows.seg has each of
// them, ascending, with the node whose record it stands in.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/element.h"
#include "base/status.h"

namespace vamana {

constexpr uint32_t kSegmentFormatVersion = 1;
constexpr uint64_t kHeaderBytes = 4096;
constexpr uint32_t kChecksumBlockBytes = 65536;
constexpr uint64_t kPayloadAlignment = 64;  // of the second part of a graph or codes payload
constexpr uint64_t kListTailBytes = 64;     // zeros after the lists
constexpr uint32_t kMaxDimension = 65536;
constexpr uint32_t kMaxEntries = 32;
constexpr uint32_t kMaxWidthClasses = 16;
constexpr uint64_t kMaxRows = 0xFFFFFFFFull;  // and row ids are below it

enum class FileKind : uint32_t { kVectors = 0, kGraph = 1, kCodes = 2, kRows = 3 };

// The files' names inside the folder; nothing else in the code spells them.
const char* segment_file_name(FileKind kind);

using Uuid = std::array<uint8_t, 16>;
std::string uuid_text(const Uuid& uuid);

struct VectorsFields {
  uint32_t record_bytes = 0;
  uint32_t records_per_slot = 0;
  uint32_t pages_per_slot = 0;
};

struct GraphFields {
  uint32_t degree = 0;
  uint32_t build_list = 0;
  float alpha = 0;
  uint32_t entry_count = 0;
  uint32_t width_classes = 0;
  std::array<uint8_t, kMaxWidthClasses> class_bits{};
  uint64_t edges = 0;
  uint64_t directory_bytes = 0;
  uint64_t list_bytes = 0;
  uint64_t seed = 0;
  std::array<uint32_t, kMaxEntries> entries{};
};

struct CodesFields {
  uint32_t codec = 0;
  uint32_t code_bytes = 0;
  uint32_t codes_per_line = 0;
  uint32_t stride = 0;
  uint64_t parameter_bytes = 0;
  double training_error = 0;
  float error_bias = 0;
  float error_spread = 0;
  float pq_recall = 0;
  float rabitq_recall = 0;
};

struct RowsFields {
  uint32_t first = 0;
  uint32_t last = 0;
};

struct SegmentHeader {
  FileKind kind = FileKind::kVectors;
  Uuid uuid{};
  uint64_t rows = 0;
  uint32_t dim = 0;
  Element element = Element::kF32;
  Metric metric = Metric::kL2;
  uint64_t body_bytes = 0;
  uint64_t payload_bytes = 0;
  uint32_t block_bytes = 0;
  uint32_t table_crc = 0;
  // The one that `kind` names is meaningful.
  VectorsFields vectors;
  GraphFields graph;
  CodesFields codes;
  RowsFields row_ids;
};

// How records of `record_bytes` are laid into slots; the one place that decides it.
VectorsFields vectors_layout(uint32_t dim, Element element);

// Whether rows.seg leaves the ids out, and how many bytes an entry of it has.
constexpr bool rows_contiguous(const RowsFields& fields, uint64_t rows) {
  return uint64_t{fields.last} - fields.first + 1 == rows;
}
constexpr uint64_t row_entry_bytes(const RowsFields& fields, uint64_t rows) {
  return rows_contiguous(fields, rows) ? sizeof(uint32_t) : 2 * sizeof(uint32_t);
}

// Writes the 4096 bytes of a header page.
void encode_header(const SegmentHeader& header, uint8_t* page);

// Reads and validates one; `path` is for messages. CORRUPT, TOO_NEW or TOO_OLD.
Result<SegmentHeader> decode_header(const uint8_t* page, const std::string& path, FileKind expected);

}  // namespace vamana
