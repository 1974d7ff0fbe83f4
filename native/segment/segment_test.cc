// Opening: everything that was written comes back, and what is missing, mixed up or damaged is refused with
// the right code and place.
#include "segment/segment.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "base/coding.h"
#include "base/crc32c.h"
#include "segment/segment_files.h"
#include "testing/sample_segment.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

namespace fs = std::filesystem;
using testing::make_sample;
using testing::read_file;
using testing::SampleSegment;
using testing::TempDir;
using testing::write_file;
using testing::write_sample;

constexpr uint64_t kSeed = 77;

// Every slot of the vectors file, read through the segment's own page reader.
std::vector<uint8_t> read_slots(const Segment& segment) {
  const uint64_t slot_bytes = segment.slot_pages() * kPageBytes;
  auto buffer = AlignedBuffer::create(segment.slots() * slot_bytes);
  PageBatch batch;
  for (uint64_t slot = 0; slot < segment.slots(); ++slot) {
    PageRequest request;
    request.file = &segment.page_file();
    request.page = segment.slot_page(slot);
    request.pages = segment.slot_pages();
    request.buffer = buffer->data() + slot * slot_bytes;
    batch.requests.push_back(request);
  }
  auto session = segment.reader()->open_session(SessionOptions{});
  EXPECT_TRUE(session.ok()) << session.status().message();
  session.value()->submit(&batch);
  EXPECT_EQ(session.value()->reap(true), &batch);
  EXPECT_TRUE(batch.status.ok()) << batch.status.message();
  std::vector<uint8_t> out;
  for (const PageRequest& request : batch.requests) out.insert(out.end(), request.data, request.data + slot_bytes);
  return out;
}

void expect_holds(const Segment& segment, const SampleSegment& sample) {
  const SegmentShape& shape = sample.shape;
  ASSERT_EQ(segment.rows(), shape.rows);
  EXPECT_EQ(segment.dim(), shape.dim);
  EXPECT_EQ(segment.element(), shape.element);
  EXPECT_EQ(segment.metric(), shape.metric);

  const std::vector<uint8_t> slots = read_slots(segment);
  const uint64_t slot_bytes = segment.slot_pages() * kPageBytes;
  std::vector<uint32_t> neighbours(kNeighbourRoom);
  for (uint32_t node = 0; node < shape.rows; ++node) {
    const uint8_t* slot = slots.data() + segment.slot_of(node) * slot_bytes;
    ASSERT_TRUE(segment.slot_valid(segment.slot_of(node), slot)) << "node " << node;
    const uint8_t* record = segment.record_in_slot(slot, node);
    EXPECT_EQ(std::memcmp(record, sample.vector(node), shape.dim * element_bytes(shape.element)), 0);
    EXPECT_EQ(segment.row_in_record(record), sample.rows[node]);
    const uint32_t count = segment.graph().decode(node, neighbours.data());
    EXPECT_EQ(std::vector<uint32_t>(neighbours.begin(), neighbours.begin() + count), sample.lists[node]);
    const uint8_t* code = segment.code_layout().code(node);
    const CodeLayout written = [&] {
      CodeLayout layout = code_layout(sample.codec->code_bytes());
      layout.codes = sample.codes.data();
      return layout;
    }();
    EXPECT_EQ(std::memcmp(code, written.code(node), sample.codec->code_bytes()), 0);
  }
  EXPECT_EQ(segment.codec().parameters(), sample.codec->parameters());
  EXPECT_EQ(segment.codes_header().codes.training_error, sample.error.training);
  EXPECT_EQ(segment.codes_header().codes.error_bias, sample.error.bias);
  EXPECT_EQ(segment.codes_header().codes.error_spread, sample.error.spread);
  EXPECT_EQ(segment.graph_header().graph.entry_count, sample.facts.entries.size());
  EXPECT_EQ(segment.graph_header().graph.entries[0], sample.facts.entries[0]);
  EXPECT_EQ(segment.graph_header().graph.alpha, sample.facts.alpha);
  EXPECT_EQ(segment.graph_header().graph.seed, sample.facts.seed);
}

struct RoundTrip {
  SegmentShape shape;
  uint32_t degree;
  uint32_t code_bytes;
};

class SegmentRoundTrip : public ::testing::TestWithParam<RoundTrip> {};

TEST_P(SegmentRoundTrip, WhatWasWrittenIsFound) {
  const RoundTrip& param = GetParam();
  SCOPED_TRACE(format("seed %llu", static_cast<unsigned long long>(kSeed)));
  const SampleSegment sample = make_sample(param.shape, param.degree, param.code_bytes, kSeed);
  TempDir temp;
  const auto sizes = write_sample(sample, temp.file("s"));
  ASSERT_TRUE(sizes.ok()) << sizes.status().message();
  EXPECT_EQ(sizes->vectors, fs::file_size(temp.file("s/vectors.seg")));
  EXPECT_EQ(sizes->graph, fs::file_size(temp.file("s/graph.seg")));
  EXPECT_EQ(sizes->codes, fs::file_size(temp.file("s/codes.seg")));

  ThreadPool pool(2);
  for (IoKind io : {IoKind::kPread, IoKind::kMmap}) {
    const auto segment = Segment::open(temp.file("s"), io, pool);
    ASSERT_TRUE(segment.ok()) << segment.status().message();
    expect_holds(*segment.value(), sample);
    const SegmentMemory memory = segment.value()->memory();
    EXPECT_EQ(memory.mapped, io == IoKind::kMmap ? sizes->vectors : 0);
    EXPECT_GE(memory.codes, param.shape.rows * param.code_bytes);
    EXPECT_GE(memory.graph, segment.value()->graph_header().graph.list_bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, SegmentRoundTrip,
    ::testing::Values(RoundTrip{{1, 1, Element::kU8, Metric::kL2}, 4, 1},
                      RoundTrip{{2, 3, Element::kF32, Metric::kDot}, 4, 3},
                      RoundTrip{{700, 3, Element::kI8, Metric::kL1}, 7, 2},
                      RoundTrip{{5000, 128, Element::kU8, Metric::kL2}, 32, 32},      // many blocks, two codes a line
                      RoundTrip{{300, 256, Element::kF16, Metric::kCosine}, 16, 20},  // gaps in the code lines
                      RoundTrip{{63, 1022, Element::kF32, Metric::kL2}, 8, 65},  // a record and its CRC fill a page
                      RoundTrip{{64, 1023, Element::kF32, Metric::kL2}, 8, 64},  // one byte too many: two pages
                      RoundTrip{{65, 1024, Element::kF32, Metric::kCosine}, 8, 100},
                      RoundTrip{{40, 2048, Element::kF32, Metric::kDot}, 8, 32},
                      RoundTrip{{9, 2044, Element::kF16, Metric::kL2}, 4, 1}));

class SegmentOpen : public ::testing::Test {
 protected:
  void SetUp() override {
    sample_ = make_sample({200, 8, Element::kU8, Metric::kL2}, 6, 4, kSeed);
    ASSERT_TRUE(write_sample(sample_, dir()).ok());
  }
  std::string dir() const { return temp_.file("s"); }
  std::string path(const char* name) const { return dir() + "/" + name; }
  Status open(const std::string& dir) {
    ThreadPool pool(1);
    return Segment::open(dir, IoKind::kPread, pool).status();
  }
  void expect_refused(Code code, const std::string& words) {
    const Status status = open(dir());
    EXPECT_EQ(status.code(), code) << status.message();
    EXPECT_NE(status.message().find(words), std::string::npos) << status.message() << " lacks " << words;
  }

  TempDir temp_;
  SampleSegment sample_;
};

TEST_F(SegmentOpen, MissingFolderOrFileIsNamed) {
  const Status folder = open(temp_.file("absent"));
  EXPECT_EQ(folder.code(), Code::kNotFound);
  EXPECT_NE(folder.message().find(temp_.file("absent")), std::string::npos) << folder.message();
  const Status file = open(path("graph.seg"));
  EXPECT_EQ(file.code(), Code::kNotFound) << file.message();
  for (const char* name : {"vectors.seg", "graph.seg", "codes.seg"}) {
    fs::rename(path(name), temp_.file("away"));
    expect_refused(Code::kNotFound, path(name));
    fs::rename(temp_.file("away"), path(name));
  }
  EXPECT_TRUE(open(dir()).ok());
}

TEST_F(SegmentOpen, SizesMustBeExact) {
  for (const char* name : {"vectors.seg", "graph.seg", "codes.seg"}) {
    const uint64_t size = fs::file_size(path(name));
    const std::vector<uint8_t> bytes = read_file(path(name));
    for (uint64_t wrong : {size + 1, size - 1, size + 4096, size - 4096, uint64_t{4096}}) {
      fs::resize_file(path(name), wrong);
      expect_refused(Code::kCorrupt, name);
    }
    fs::resize_file(path(name), 100);
    expect_refused(Code::kCorrupt, "ends at byte 100");
    write_file(path(name), bytes);
  }
  EXPECT_TRUE(open(dir()).ok());
}

TEST_F(SegmentOpen, FilesOfAnotherSegmentAreRefused) {
  ASSERT_TRUE(write_sample(sample_, temp_.file("twin")).ok());
  for (const char* name : {"vectors.seg", "graph.seg", "codes.seg"}) {
    const std::vector<uint8_t> bytes = read_file(path(name));
    fs::copy_file(temp_.file("twin") + "/" + name, path(name), fs::copy_options::overwrite_existing);
    expect_refused(Code::kCorrupt, "uuid");
    write_file(path(name), bytes);
  }
  fs::copy_file(path("codes.seg"), path("graph.seg"), fs::copy_options::overwrite_existing);
  expect_refused(Code::kCorrupt, "this is a codes.seg");
}

TEST_F(SegmentOpen, ALaterVersionIsTooNew) {
  std::vector<uint8_t> bytes = read_file(path("codes.seg"));
  store_le<uint32_t>(bytes.data() + 8, 2);
  write_file(path("codes.seg"), bytes);
  expect_refused(Code::kTooNew, "codes.seg");
}

TEST_F(SegmentOpen, DamagedGraphOrCodesAreRefusedWithTheBlock) {
  for (const char* name : {"graph.seg", "codes.seg"}) {
    std::vector<uint8_t> bytes = read_file(path(name));
    bytes[4096 + 10] ^= 1;
    write_file(path(name), bytes);
    expect_refused(Code::kCorrupt, std::string(name) + ": the block at offset 4096");
    bytes[4096 + 10] ^= 1;
    bytes[bytes.size() - 4096] ^= 1;
    write_file(path(name), bytes);
    expect_refused(Code::kCorrupt, std::string(name) + ": the checksum table at offset");
    bytes[bytes.size() - 4096] ^= 1;
    write_file(path(name), bytes);
  }
  EXPECT_TRUE(open(dir()).ok());
}

TEST_F(SegmentOpen, ADamagedSlotIsFoundWhenItIsRead) {
  std::vector<uint8_t> bytes = read_file(path("vectors.seg"));
  bytes[4096 + 5] ^= 0x20;
  write_file(path("vectors.seg"), bytes);
  ThreadPool pool(1);
  const auto segment = Segment::open(dir(), IoKind::kPread, pool);
  ASSERT_TRUE(segment.ok()) << segment.status().message();
  EXPECT_FALSE(segment.value()->slot_valid(0, bytes.data() + 4096));
  const Status error = segment.value()->slot_error(0);
  EXPECT_EQ(error.code(), Code::kCorrupt);
  EXPECT_NE(error.message().find(path("vectors.seg") + ": the slot at offset 4096"), std::string::npos);
}

}  // namespace
}  // namespace vamana
