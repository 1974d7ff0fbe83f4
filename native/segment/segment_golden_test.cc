// The golden segment of format version 1 (test/golden/segment-v1): it must open for ever, hold what it held
// when it was written, and the same content must still be written as the same bytes. The worked examples of
// segment_format.h and FORMATS.md are taken from it, and decoded here.
//
// A version's golden files never change. A new version gets its own folder: raise kSegmentFormatVersion,
// name the folder below, and run once with VAMANA_WRITE_GOLDEN=1, which writes it where it is absent.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/coding.h"
#include "segment/segment.h"
#include "segment/segment_files.h"
#include "segment/segment_writer.h"
#include "segment/verify.h"
#include "testing/sample_segment.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::make_sample;
using testing::read_file;
using testing::TempDir;

constexpr char kGolden[] = VAMANA_SOURCE_DIR "/test/golden/segment-v1";
constexpr Uuid kUuid = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x46, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF};

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in.good()) << path;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// Bytes written as "0a 0b 0c".
std::vector<uint8_t> bytes_of(const std::string& hex) {
  std::istringstream in(hex);
  std::vector<uint8_t> bytes;
  for (unsigned value; in >> std::hex >> value;) bytes.push_back(static_cast<uint8_t>(value));
  return bytes;
}

// Not a CRC: over bytes that end in their own CRC those come out the same whatever the bytes are.
uint64_t fnv1a(const std::vector<uint8_t>& bytes) {
  uint64_t hash = 0xCBF29CE484222325ull;
  for (uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001B3ull;
  return hash;
}

class GoldenSegment : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (std::getenv("VAMANA_WRITE_GOLDEN") == nullptr || std::filesystem::exists(kGolden)) return;
    std::filesystem::create_directories(std::filesystem::path(kGolden).parent_path());
    // Codes of 5 bytes leave gaps in their lines; lists of one neighbour carry their own count.
    testing::SampleSegment sample = make_sample({40, 8, Element::kU8, Metric::kL2}, 5, 5, 20240601);
    for (uint32_t node = 0; node < 40; node += 8) sample.lists[node] = {node + 1};
    const auto written = testing::write_sample(sample, kGolden, kUuid);
    ASSERT_TRUE(written.ok()) << written.status().message();
  }

  void SetUp() override {
    auto opened = Segment::open(kGolden, IoKind::kPread, pool_);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    segment_ = std::move(opened).value();
    vectors_file_ = read_file(segment_->vectors_path());
  }

  const uint8_t* record(uint32_t node) const {
    return segment_->record_in_slot(vectors_file_.data() + segment_->slot_page(segment_->slot_of(node)) * 4096, node);
  }
  std::vector<uint32_t> neighbours(uint32_t node) const {
    std::vector<uint32_t> out(kNeighbourRoom);
    out.resize(segment_->graph().decode(node, out.data()));
    return out;
  }

  ThreadPool pool_{1};
  std::shared_ptr<const Segment> segment_;
  std::vector<uint8_t> vectors_file_;
};

TEST_F(GoldenSegment, HoldsWhatItHeld) {
  EXPECT_EQ(uuid_text(segment_->vectors_header().uuid), "00112233-4455-4677-8899-aabbccddeeff");
  EXPECT_EQ(segment_->rows(), 40u);
  EXPECT_EQ(segment_->dim(), 8u);
  EXPECT_EQ(segment_->element(), Element::kU8);
  EXPECT_EQ(segment_->metric(), Metric::kL2);
  EXPECT_EQ(segment_->codec().name(), "pq5x8");
  EXPECT_EQ(segment_->codes_header().codes.training_error, 0.5);
  ASSERT_TRUE(segment_->slot_valid(0, vectors_file_.data() + 4096));

  struct Node {
    uint32_t node, row;
    std::vector<uint8_t> vector;
    std::vector<uint32_t> neighbours;
    std::vector<uint8_t> code;
  };
  for (const Node& known :
       {Node{0, 24, {89, 126, 230, 147, 177, 87, 17, 109}, {1}, {0x9a, 0x59, 0x7a, 0x99, 0x30}},
        Node{1, 3, {231, 99, 106, 91, 74, 49, 212, 154}, {2, 24, 30, 33, 37}, {0x6f, 0x52, 0x44, 0xf8, 0xc0}},
        Node{39, 19, {200, 65, 141, 182, 184, 172, 202, 36}, {0, 6, 14, 20, 22}, {0x82, 0x27, 0x0f, 0x96, 0x7c}}}) {
    EXPECT_EQ(segment_->row_in_record(record(known.node)), known.row);
    EXPECT_EQ(segment_->row_map().node_of(known.row).value(), known.node);
    EXPECT_EQ(std::vector<uint8_t>(record(known.node), record(known.node) + 8), known.vector);
    EXPECT_EQ(neighbours(known.node), known.neighbours);
    const uint8_t* code = segment_->code_layout().code(known.node);
    EXPECT_EQ(std::vector<uint8_t>(code, code + 5), known.code);
  }
  // All bytes of the four files, as they were written.
  EXPECT_EQ(fnv1a(vectors_file_), 0xfedd906d4277cbc8ull);
  EXPECT_EQ(fnv1a(read_file(segment_file_path(kGolden, FileKind::kGraph))), 0xc4597620eb001069ull);
  EXPECT_EQ(fnv1a(read_file(segment_file_path(kGolden, FileKind::kCodes))), 0x709c4dadc3f4b6baull);
  EXPECT_EQ(fnv1a(read_file(segment_file_path(kGolden, FileKind::kRows))), 0x125c311aedeb8b7bull);
}

TEST_F(GoldenSegment, IsSound) {
  CancelFlag cancel;
  const auto report = verify_segment(kGolden, pool_, cancel, {});
  ASSERT_TRUE(report.ok()) << report.status().message();
  for (const Status& problem : report->problems) ADD_FAILURE() << problem.message();
}

TEST_F(GoldenSegment, ItsContentIsWrittenAsTheSameBytes) {
  TempDir temp;
  auto writer = SegmentWriter::create(temp.file("s"), {segment_->rows(), 8, Element::kU8, Metric::kL2}, kUuid);
  ASSERT_TRUE(writer.ok()) << writer.status().message();
  std::vector<std::vector<uint32_t>> lists;
  auto codes = AlignedBuffer::create(code_area_bytes(segment_->code_layout(), segment_->rows()));
  ASSERT_TRUE(codes.ok());
  std::memcpy(codes->data(), segment_->code_layout().codes, codes->size());
  for (uint32_t node = 0; node < segment_->rows(); ++node) {
    const uint8_t* vector = record(node);
    const uint32_t row = segment_->row_in_record(vector);
    ASSERT_TRUE(writer.value()->append_vectors(&vector, &row, 1).ok());
    lists.push_back(neighbours(node));
  }
  const GraphFields& fields = segment_->graph_header().graph;
  const auto graph = PackedGraph::pack(
      segment_->rows(), fields.degree, [&](uint32_t node) { return std::span<const uint32_t>(lists[node]); }, pool_);
  ASSERT_TRUE(graph.ok());
  const SegmentWriter::GraphFacts facts = {
      fields.build_list, fields.alpha, fields.seed,
      std::vector<uint32_t>(fields.entries.begin(), fields.entries.begin() + fields.entry_count)};
  ASSERT_TRUE(writer.value()->write_graph(graph.value(), facts).ok());
  const CodesFields& measured = segment_->codes_header().codes;
  const CodeError error{measured.training_error, measured.error_bias, measured.error_spread, measured.pq_recall,
                        measured.rabitq_recall};
  ASSERT_TRUE(writer.value()->write_codes(segment_->codec(), codes.value(), error).ok());
  ASSERT_TRUE(writer.value()->publish().ok());
  for (FileKind kind : kFileKinds) {
    EXPECT_EQ(read_file(segment_file_path(temp.file("s"), kind)), read_file(segment_file_path(kGolden, kind)))
        << segment_file_name(kind);
  }
}

TEST_F(GoldenSegment, TheWorkedExampleOfTheHeaderIsThePage) {
  std::istringstream lines(text_of(VAMANA_SOURCE_DIR "/native/format/segment_format.h"));
  std::vector<uint8_t> page;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(format("//   %04zx  ", page.size()), 0) != 0) continue;
    const std::vector<uint8_t> bytes = bytes_of(line.substr(11, 47));
    ASSERT_EQ(bytes.size(), 16u) << line;
    page.insert(page.end(), bytes.begin(), bytes.end());
  }
  ASSERT_EQ(page.size(), 160u);
  page.resize(kHeaderBytes);
  store_le<uint32_t>(page.data() + 4092, 0xA15BD267);
  const auto header = decode_header(page.data(), "example", FileKind::kGraph);
  ASSERT_TRUE(header.ok()) << header.status().message();
  EXPECT_EQ(header->rows, 40u);
  EXPECT_EQ(header->payload_bytes, 443u);
  EXPECT_EQ(header->graph.alpha, 1.25f);
  EXPECT_EQ(header->graph.class_bits[3], 5);
  EXPECT_EQ(header->graph.seed, 20240601u);
  EXPECT_EQ(header->graph.entries[1], 39u);
  std::vector<uint8_t> graph = read_file(segment_file_path(kGolden, FileKind::kGraph));
  graph.resize(kHeaderBytes);
  EXPECT_EQ(page, graph);
}

// FORMATS.md shows node 1's packed list and takes it apart; here it is taken apart by hand once more.
TEST_F(GoldenSegment, TheWorkedExampleOfAPackedListIsNode1) {
  const std::vector<uint8_t> graph = read_file(segment_file_path(kGolden, FileKind::kGraph));
  const uint64_t lists = 4096 + round_up(segment_->graph_header().graph.directory_bytes, 64);
  const auto begin = load_le<uint16_t>(graph.data() + 4096 + 8 + 2), end = load_le<uint16_t>(graph.data() + 4096 + 12);
  const std::vector<uint8_t> list(graph.begin() + static_cast<ptrdiff_t>(lists + begin),
                                  graph.begin() + static_cast<ptrdiff_t>(lists + end));
  EXPECT_EQ(list, bytes_of("00 ac 02 b5 1a"));
  EXPECT_NE(text_of(VAMANA_SOURCE_DIR "/FORMATS.md").find("00 ac 02 b5 1a"), std::string::npos);

  const uint32_t bits_of[] = {0, 1, 3, 5};
  uint32_t selectors = load_le<uint16_t>(list.data() + 1), values = load_le<uint16_t>(list.data() + 3), last = 1;
  for (uint32_t neighbour : {2u, 24u, 30u, 33u, 37u}) {
    const uint32_t bits = bits_of[selectors & 3];
    last += (values & ((1u << bits) - 1)) + 1;
    EXPECT_EQ(last, neighbour);
    selectors >>= 2;
    values >>= bits;
  }
}

}  // namespace
}  // namespace vamana
