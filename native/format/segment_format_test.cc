// Header pages: what is written is read again, and every rule of segment_format.h refuses what breaks it,
// naming file, offset, found and expected.
#include "format/segment_format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "base/coding.h"
#include "base/crc32c.h"
#include "base/prng.h"
#include "format/block_checksums.h"

namespace vamana {
namespace {

constexpr char kPath[] = "some/file.seg";
using Page = std::vector<uint8_t>;

Uuid sample_uuid() {
  Uuid uuid;
  for (size_t i = 0; i < uuid.size(); ++i) uuid[i] = static_cast<uint8_t>(0x10 + i);
  return uuid;
}

SegmentHeader common(FileKind kind) {
  SegmentHeader header;
  header.kind = kind;
  header.uuid = sample_uuid();
  header.rows = 1000;
  header.dim = 100;
  header.element = Element::kF16;
  header.metric = Metric::kCosine;
  return header;
}

SegmentHeader vectors_header() {
  SegmentHeader header = common(FileKind::kVectors);
  header.vectors = vectors_layout(header.dim, header.element);
  header.block_bytes = 4096;
  header.payload_bytes = 1000 * 204;
  header.body_bytes = 50 * 4096;  // 20 records of 204 bytes a slot
  return header;
}

SegmentHeader graph_header() {
  SegmentHeader header = common(FileKind::kGraph);
  GraphFields& graph = header.graph;
  graph.degree = 32;
  graph.build_list = 75;
  graph.alpha = 1.2f;
  graph.entry_count = 2;
  graph.entries = {7, 999};
  graph.width_classes = 3;
  graph.class_bits = {3, 6, 10};
  graph.edges = 31000;
  graph.directory_bytes = 16 * 136;
  graph.list_bytes = 40000;
  graph.seed = 0x0123456789ABCDEFull;
  header.block_bytes = kChecksumBlockBytes;
  header.table_crc = 0xA1B2C3D4;
  header.payload_bytes = 2176 + 40000 + 64;
  header.body_bytes = BlockLayout(header.payload_bytes).body_bytes();
  return header;
}

SegmentHeader codes_header() {
  SegmentHeader header = common(FileKind::kCodes);
  header.codes = {.codec = 1,
                  .code_bytes = 20,
                  .codes_per_line = 3,
                  .stride = 64,
                  .parameter_bytes = 1001,
                  .training_error = 12.5,
                  .error_bias = -1.5f,
                  .error_spread = 2.5f};
  header.block_bytes = kChecksumBlockBytes;
  header.table_crc = 7;
  header.payload_bytes = 1024 + 334 * 64;
  header.body_bytes = BlockLayout(header.payload_bytes).body_bytes();
  return header;
}

SegmentHeader rows_header() {
  SegmentHeader header = common(FileKind::kRows);
  header.row_ids = {50, 2000};
  header.block_bytes = kChecksumBlockBytes;
  header.table_crc = 9;
  header.payload_bytes = 1000 * 8;
  header.body_bytes = BlockLayout(header.payload_bytes).body_bytes();
  return header;
}

Page encoded(const SegmentHeader& header) {
  Page page(kHeaderBytes, 0xEE);
  encode_header(header, page.data());
  return page;
}

void seal(Page* page) { store_le(page->data() + 4092, crc32c(0, page->data(), 4092)); }

void expect_equal(const SegmentHeader& a, const SegmentHeader& b) {
  EXPECT_EQ(encoded(a), encoded(b));
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.uuid, b.uuid);
}

// The header with one thing wrong is refused as CORRUPT with every one of `words` in the message.
void expect_refused(SegmentHeader header, const std::function<void(SegmentHeader*)>& spoil,
                    const std::vector<std::string>& words) {
  spoil(&header);
  const Page page = encoded(header);
  const auto result = decode_header(page.data(), kPath, header.kind);
  ASSERT_FALSE(result.ok()) << words.front();
  EXPECT_EQ(result.status().code(), Code::kCorrupt);
  EXPECT_NE(result.status().message().find(kPath), std::string::npos) << result.status().message();
  for (const std::string& word : words) {
    EXPECT_NE(result.status().message().find(word), std::string::npos)
        << result.status().message() << " lacks " << word;
  }
}

TEST(SegmentFormat, RowsMustHaveRoomBetweenTheFirstAndTheLast) {
  expect_refused(rows_header(), [](SegmentHeader* h) { h->row_ids.last = 1048; }, {"offset 84", "last row", "1048"});
  expect_refused(rows_header(), [](SegmentHeader* h) { h->row_ids.last = 0xFFFFFFFF; }, {"offset 84", "last row"});
  expect_refused(rows_header(), [](SegmentHeader* h) { h->row_ids.first = 0xFFFFFFFF; }, {"offset 80", "first row"});
  expect_refused(rows_header(), [](SegmentHeader* h) { h->row_ids.last = 1049; }, {"payload bytes", "8000", "4000"});
}

TEST(SegmentFormat, HeadersOfEveryKindComeBack) {
  for (const SegmentHeader& header : {vectors_header(), graph_header(), codes_header(), rows_header()}) {
    const Page page = encoded(header);
    const auto result = decode_header(page.data(), kPath, header.kind);
    ASSERT_TRUE(result.ok()) << result.status().message();
    expect_equal(result.value(), header);
  }
  const Page page = encoded(graph_header());
  const auto graph = decode_header(page.data(), kPath, FileKind::kGraph);
  EXPECT_EQ(graph->graph.entries[1], 999u);
  EXPECT_EQ(graph->graph.seed, 0x0123456789ABCDEFull);
  EXPECT_EQ(graph->graph.alpha, 1.2f);
  EXPECT_EQ(graph->element, Element::kF16);
  EXPECT_EQ(graph->metric, Metric::kCosine);
  const auto rows = decode_header(encoded(rows_header()).data(), kPath, FileKind::kRows);
  EXPECT_EQ(rows->row_ids.first, 50u);
  EXPECT_EQ(rows->row_ids.last, 2000u);
  EXPECT_EQ(row_entry_bytes(rows->row_ids, rows->rows), 8u);
  EXPECT_EQ(row_entry_bytes({50, 1049}, 1000), 4u);
}

TEST(SegmentFormat, FieldsStandWhereTheTableSays) {
  const Page page = encoded(graph_header());
  EXPECT_EQ(std::memcmp(page.data(), "VAMGRPH1", 8), 0);
  EXPECT_EQ(load_le<uint32_t>(page.data() + 8), 1u);
  EXPECT_EQ(load_le<uint32_t>(page.data() + 12), 4096u);
  EXPECT_EQ(page[16], 0x10);
  EXPECT_EQ(load_le<uint64_t>(page.data() + 32), 1000u);
  EXPECT_EQ(load_le<uint32_t>(page.data() + 40), 100u);
  EXPECT_EQ(load_le<uint32_t>(page.data() + 44), 1u);
  EXPECT_EQ(load_le<uint32_t>(page.data() + 48), 1u);
  EXPECT_EQ(load_le<uint32_t>(page.data() + 52), 1u);
  EXPECT_EQ(load_le<uint64_t>(page.data() + 64), 42240u);
  EXPECT_EQ(load_le<uint32_t>(page.data() + 72), 65536u);
  EXPECT_EQ(load_le<uint32_t>(page.data() + 76), 0xA1B2C3D4u);
  EXPECT_EQ(load_le<uint32_t>(page.data() + 80), 32u);
  EXPECT_EQ(page[101], 6);
  EXPECT_EQ(load_le<uint64_t>(page.data() + 116), 31000u);
  EXPECT_EQ(load_le<uint32_t>(page.data() + 148), 7u);
  EXPECT_EQ(load_le<uint32_t>(page.data() + 4092), crc32c(0, page.data(), 4092));
}

TEST(SegmentFormat, EveryFlippedByteOfAHeaderIsFound) {
  for (const SegmentHeader& header : {vectors_header(), graph_header(), codes_header()}) {
    Page page = encoded(header);
    for (size_t at = 0; at < page.size(); ++at) {
      page[at] ^= 0x40;
      EXPECT_FALSE(decode_header(page.data(), kPath, header.kind).ok()) << "byte " << at;
      page[at] ^= 0x40;
    }
  }
}

TEST(SegmentFormat, ALaterVersionIsTooNewEvenWithAnotherChecksum) {
  Page page = encoded(vectors_header());
  store_le<uint32_t>(page.data() + 8, 2);
  const auto later = decode_header(page.data(), kPath, FileKind::kVectors);
  EXPECT_EQ(later.status().code(), Code::kTooNew);
  EXPECT_NE(later.status().message().find("version 2"), std::string::npos) << later.status().message();
  store_le<uint32_t>(page.data() + 8, 0);
  EXPECT_EQ(decode_header(page.data(), kPath, FileKind::kVectors).status().code(), Code::kTooOld);
}

TEST(SegmentFormat, AnotherFileOrKindIsNamed) {
  const Page page = encoded(graph_header());
  const auto swapped = decode_header(page.data(), kPath, FileKind::kCodes);
  EXPECT_EQ(swapped.status().code(), Code::kCorrupt);
  EXPECT_NE(swapped.status().message().find("this is a graph.seg"), std::string::npos) << swapped.status().message();
  const Page zeros(kHeaderBytes, 0);
  const auto nothing = decode_header(zeros.data(), kPath, FileKind::kCodes);
  EXPECT_NE(nothing.status().message().find("0000000000000000"), std::string::npos) << nothing.status().message();

  Page mixed = encoded(vectors_header());
  store_le<uint32_t>(mixed.data() + 52, 2);
  seal(&mixed);
  const auto kind = decode_header(mixed.data(), kPath, FileKind::kVectors);
  EXPECT_EQ(kind.status().code(), Code::kCorrupt);
  EXPECT_NE(kind.status().message().find("offset 52"), std::string::npos) << kind.status().message();
}

TEST(SegmentFormat, PaddingAndHeaderSizeAreJudgedAfterTheChecksum) {
  struct Case {
    SegmentHeader header;
    size_t first_padding;
  };
  for (const Case& one : {Case{vectors_header(), 92}, Case{graph_header(), 276}, Case{codes_header(), 128}}) {
    for (size_t at : {one.first_padding, size_t{1023}, size_t{1024}, size_t{4091}}) {
      Page page = encoded(one.header);
      page[at] = 1;
      seal(&page);
      const auto result = decode_header(page.data(), kPath, one.header.kind);
      ASSERT_FALSE(result.ok()) << at;
      EXPECT_NE(result.status().message().find(format("offset %zu", at)), std::string::npos)
          << result.status().message();
    }
  }
  Page page = encoded(codes_header());
  store_le<uint32_t>(page.data() + 12, 8192);
  seal(&page);
  EXPECT_NE(decode_header(page.data(), kPath, FileKind::kCodes).status().message().find("8192"), std::string::npos);
}

TEST(SegmentFormat, CommonFieldsAreBounded) {
  using H = SegmentHeader;
  expect_refused(vectors_header(), [](H* h) { h->rows = 0; }, {"offset 32", "rows is 0", "1 to 4294967295"});
  expect_refused(vectors_header(), [](H* h) { h->rows = uint64_t{1} << 32; }, {"offset 32", "4294967296"});
  expect_refused(vectors_header(), [](H* h) { h->dim = 0; }, {"offset 40", "dimension is 0"});
  expect_refused(vectors_header(), [](H* h) { h->dim = 65537; }, {"offset 40", "65537", "1 to 65536"});
  expect_refused(codes_header(), [](H* h) { h->element = static_cast<Element>(4); }, {"offset 44", "element is 4"});
  expect_refused(codes_header(), [](H* h) { h->metric = static_cast<Metric>(9); }, {"offset 48", "metric is 9"});
  expect_refused(graph_header(), [](H* h) { h->body_bytes = UINT64_MAX; }, {"offset 56"});
  expect_refused(graph_header(), [](H* h) { h->body_bytes += 4096; }, {"offset 56"});
  expect_refused(graph_header(), [](H* h) { h->payload_bytes += 1; }, {"offset 64", "42241", "42240"});
  expect_refused(graph_header(), [](H* h) { h->block_bytes = 4096; }, {"offset 72", "65536"});
}

TEST(SegmentFormat, VectorsFieldsMustBeTheLayout) {
  using H = SegmentHeader;
  expect_refused(vectors_header(), [](H* h) { h->vectors.record_bytes = 200; }, {"offset 80", "200", "204"});
  expect_refused(vectors_header(), [](H* h) { h->vectors.records_per_slot = 21; }, {"offset 84", "21", "20"});
  expect_refused(vectors_header(), [](H* h) { h->vectors.pages_per_slot = 2; }, {"offset 88"});
  expect_refused(vectors_header(), [](H* h) { h->block_bytes = 8192; }, {"offset 72"});
  expect_refused(vectors_header(), [](H* h) { h->rows = 1001; }, {"offset 64"});
  expect_refused(vectors_header(), [](H* h) { h->body_bytes += 4096; }, {"offset 56", "208896", "204800"});
  expect_refused(vectors_header(), [](H* h) { h->table_crc = 1; }, {"offset 76"});
}

TEST(SegmentFormat, GraphFieldsAreJudged) {
  using H = SegmentHeader;
  expect_refused(graph_header(), [](H* h) { h->graph.degree = 30; }, {"offset 116", "0 to 30000"});
  expect_refused(graph_header(), [](H* h) { h->graph.alpha = std::nanf(""); }, {"offset 88", "nan"});
  expect_refused(graph_header(), [](H* h) { h->graph.alpha = -1; }, {"offset 88"});
  expect_refused(graph_header(), [](H* h) { h->graph.entry_count = 0; }, {"offset 92"});
  expect_refused(graph_header(), [](H* h) { h->graph.entry_count = 33; }, {"offset 92", "33"});
  expect_refused(graph_header(), [](H* h) { h->graph.entries[1] = 1000; }, {"offset 152", "1000", "0 to 999"});
  expect_refused(graph_header(), [](H* h) { h->graph.entries[31] = 1; }, {"offset 272", "0 to 0"});
  expect_refused(graph_header(), [](H* h) { h->graph.width_classes = 0; }, {"offset 96"});
  expect_refused(graph_header(), [](H* h) { h->graph.width_classes = 17; }, {"offset 96", "17"});
  expect_refused(graph_header(), [](H* h) { h->graph.class_bits[2] = 33; }, {"offset 102", "33"});
  expect_refused(graph_header(), [](H* h) { h->graph.class_bits[3] = 1; }, {"offset 103"});
  expect_refused(graph_header(), [](H* h) { h->graph.edges = 32001; }, {"offset 116", "32001"});
  expect_refused(graph_header(), [](H* h) { h->graph.directory_bytes = UINT64_MAX - 8; }, {"offset 124"});
  expect_refused(graph_header(), [](H* h) { h->graph.list_bytes = UINT64_MAX - 8; }, {"offset 132"});
  expect_refused(graph_header(), [](H* h) { h->graph.list_bytes = 999; }, {"offset 132", "999"});
  expect_refused(graph_header(), [](H* h) { h->graph.list_bytes -= 1; }, {"offset 64"});
}

TEST(SegmentFormat, CodesFieldsAreJudged) {
  using H = SegmentHeader;
  expect_refused(codes_header(), [](H* h) { h->codes.codec = 3; }, {"offset 80", "3"});
  expect_refused(codes_header(), [](H* h) { h->codes.code_bytes = 0; }, {"offset 84"});
  expect_refused(codes_header(), [](H* h) { h->codes.codes_per_line = 0; }, {"offset 88"});
  expect_refused(codes_header(), [](H* h) { h->codes.stride = 59; }, {"offset 92", "59", "60 to"});
  expect_refused(codes_header(), [](H* h) { h->codes.stride = UINT32_MAX; }, {"offset 92"});
  expect_refused(codes_header(), [](H* h) { h->codes.parameter_bytes = UINT64_MAX; }, {"offset 96"});
  expect_refused(codes_header(), [](H* h) { h->codes.training_error = std::numeric_limits<double>::infinity(); },
                 {"offset 104", "inf"});
  expect_refused(codes_header(), [](H* h) { h->codes.error_bias = -std::numeric_limits<float>::infinity(); },
                 {"offset 112", "inf"});
  expect_refused(codes_header(), [](H* h) { h->codes.error_spread = -1; }, {"offset 116", "-1"});
  expect_refused(codes_header(), [](H* h) { h->rows = 1003; }, {"offset 64"});
}

// Random field values never crash the decoder, and what it accepts it would write again.
TEST(SegmentFormat, RandomFieldsAreRefusedOrRoundTrip) {
  const uint64_t seed = 20240611;
  SCOPED_TRACE(format("seed %llu", static_cast<unsigned long long>(seed)));
  Prng prng(seed);
  for (int round = 0; round < 20000; ++round) {
    const SegmentHeader& base = round % 3 == 0 ? vectors_header() : round % 3 == 1 ? graph_header() : codes_header();
    Page page = encoded(base);
    const size_t at = 32 + prng.below(300);
    page[at] = static_cast<uint8_t>(prng.next());
    seal(&page);
    const auto result = decode_header(page.data(), kPath, base.kind);
    if (result.ok()) {
      EXPECT_EQ(encoded(result.value()), page);
    }
  }
}

TEST(SegmentFormat, RecordsNeverStraddleASlot) {
  for (uint32_t dim : {1u, 2u, 3u, 128u, 256u, 1022u, 1023u, 1024u, 2043u, 2044u, 2045u, 4088u, 4089u, 65536u}) {
    for (Element element : {Element::kF32, Element::kF16, Element::kU8, Element::kI8}) {
      const VectorsFields layout = vectors_layout(dim, element);
      const uint64_t slot = 4096ull * layout.pages_per_slot;
      EXPECT_EQ(layout.record_bytes, dim * element_bytes(element) + 4);
      EXPECT_LE(uint64_t{layout.records_per_slot} * layout.record_bytes + 4, slot) << dim;
      if (layout.pages_per_slot > 1) {
        EXPECT_EQ(layout.records_per_slot, 1u);
        EXPECT_GT(layout.record_bytes + 4, slot - 4096) << "a page could be saved at dimension " << dim;
      } else {
        EXPECT_GT(uint64_t{layout.records_per_slot + 1} * layout.record_bytes + 4, slot) << dim;
      }
    }
  }
  EXPECT_EQ(vectors_layout(1022, Element::kF32).pages_per_slot, 1u);
  EXPECT_EQ(vectors_layout(1023, Element::kF32).pages_per_slot, 2u);
  EXPECT_EQ(vectors_layout(128, Element::kU8).records_per_slot, 31u);
}

TEST(SegmentFormat, NamesAndUuidText) {
  EXPECT_STREQ(segment_file_name(FileKind::kVectors), "vectors.seg");
  EXPECT_STREQ(segment_file_name(FileKind::kGraph), "graph.seg");
  EXPECT_STREQ(segment_file_name(FileKind::kCodes), "codes.seg");
  EXPECT_STREQ(segment_file_name(FileKind::kRows), "rows.seg");
  EXPECT_EQ(uuid_text(sample_uuid()), "10111213-1415-1617-1819-1a1b1c1d1e1f");
}

}  // namespace
}  // namespace vamana
