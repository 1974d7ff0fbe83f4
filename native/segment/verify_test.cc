// Verifying: a sound segment passes with every byte counted, and whatever byte is wrong is found.
#include "segment/verify.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/coding.h"
#include "base/crc32c.h"
#include "format/block_checksums.h"
#include "segment/segment_files.h"
#include "testing/sample_segment.h"
#include "testing/sanitized.h"
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

constexpr const char* kNames[] = {"vectors.seg", "graph.seg", "codes.seg", "rows.seg"};

VerifyReport verify(const std::string& dir, size_t threads = 1) {
  ThreadPool pool(threads);
  CancelFlag cancel;
  auto report = verify_segment(dir, pool, cancel, {});
  EXPECT_TRUE(report.ok()) << report.status().message();
  return report.ok() ? std::move(report).value() : VerifyReport{};
}

uint64_t total_bytes(const std::string& dir) {
  uint64_t total = 0;
  for (const char* name : kNames) total += fs::file_size(dir + "/" + name);
  return total;
}

// Makes every checksum of a file right again after its bytes were changed, so that only the rules about
// content are left to find it.
void reseal(const std::string& path, FileKind kind) {
  std::vector<uint8_t> bytes = read_file(path);
  auto header = decode_header(bytes.data(), path, kind);
  ASSERT_TRUE(header.ok()) << header.status().message();
  if (kind == FileKind::kVectors) {
    const uint32_t slot = header->block_bytes;
    for (size_t at = 4096; at < bytes.size(); at += slot) {
      store_le(bytes.data() + at + slot - 4,
               slot_checksum((at - kHeaderBytes) / slot, bytes.data() + at, static_cast<uint32_t>(slot)));
    }
  } else {
    const BlockLayout layout(header->payload_bytes);
    BlockSums sums;
    sums.add(bytes.data() + 4096, layout.padded_bytes());
    const std::vector<uint8_t> table = sums.finish();
    std::copy(table.begin(), table.end(), bytes.begin() + static_cast<ptrdiff_t>(4096 + layout.padded_bytes()));
    header->table_crc = crc32c(0, table.data(), table.size());
    encode_header(header.value(), bytes.data());
  }
  write_file(path, bytes);
}

class Verify : public ::testing::Test {
 protected:
  void write(const SampleSegment& sample) {
    const auto sizes = write_sample(sample, dir());
    ASSERT_TRUE(sizes.ok()) << sizes.status().message();
  }
  std::string dir() const { return temp_.file("s"); }
  std::string path(FileKind kind) const { return segment_file_path(dir(), kind); }

  void change(FileKind kind, uint64_t offset, uint8_t value) {
    std::vector<uint8_t> bytes = read_file(path(kind));
    bytes.at(offset) = value;
    write_file(path(kind), bytes);
  }
  // Exactly one problem, with these words in it.
  void expect_problem(const std::vector<std::string>& words, Code code = Code::kCorrupt) {
    const VerifyReport report = verify(dir());
    ASSERT_EQ(report.problems.size(), 1u) << (report.problems.empty() ? "none" : report.problems[1].message());
    EXPECT_EQ(report.problems[0].code(), code);
    for (const std::string& word : words) {
      EXPECT_NE(report.problems[0].message().find(word), std::string::npos)
          << report.problems[0].message() << " lacks " << word;
    }
  }

  TempDir temp_;
};

TEST_F(Verify, ASoundSegmentPassesWithEveryByteCounted) {
  for (const SegmentShape& shape :
       {SegmentShape{1, 1, Element::kI8, Metric::kL2}, SegmentShape{3000, 100, Element::kF16, Metric::kCosine},
        SegmentShape{20, 2048, Element::kF32, Metric::kDot}}) {
    TempDir temp;
    ASSERT_TRUE(write_sample(make_sample(shape, 8, shape.dim == 100 ? 20 : 1, 5), temp.file("s")).ok());
    const VerifyReport report = verify(temp.file("s"));
    for (const Status& problem : report.problems) ADD_FAILURE() << problem.message();
    EXPECT_EQ(report.rows, shape.rows);
    EXPECT_EQ(report.bytes_checked, total_bytes(temp.file("s")));
    EXPECT_EQ(report.unreachable, 0u);
    EXPECT_GE(report.blocks_checked, 3u + 1 + 2 * 2);
  }
}

TEST_F(Verify, EveryFlippedByteOfEveryFileIsFound) {
  write(make_sample({40, 3, Element::kU8, Metric::kL2}, 4, 2, 9));
  ThreadPool pool(1);
  CancelFlag cancel;
  uint64_t flips = 0;
  // Under sanitizers every fifth byte: all of them took half a minute.
  constexpr size_t kStep = testing::kSanitized ? 5 : 1;
  for (FileKind kind : kFileKinds) {
    const std::vector<uint8_t> bytes = read_file(path(kind));
    const int fd = ::open(path(kind).c_str(), O_WRONLY | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    for (size_t at = 0; at < bytes.size(); at += kStep, ++flips) {
      const uint8_t flipped = bytes[at] ^ static_cast<uint8_t>(1u << (at % 8));
      ASSERT_EQ(::pwrite(fd, &flipped, 1, static_cast<off_t>(at)), 1);
      const auto report = verify_segment(dir(), pool, cancel, {});
      ASSERT_TRUE(report.ok()) << report.status().message();
      ASSERT_FALSE(report->problems.empty()) << segment_file_name(kind) << " byte " << at;
      ASSERT_EQ(::pwrite(fd, &bytes[at], 1, static_cast<off_t>(at)), 1);
    }
    ::close(fd);
  }
  EXPECT_GE(flips, total_bytes(dir()) / kStep);
  EXPECT_TRUE(verify(dir()).problems.empty());
}

TEST_F(Verify, AFileCutOrGrownAnywhereIsFound) {
  write(make_sample({3000, 8, Element::kU8, Metric::kL2}, 6, 4, 9));
  for (const char* name : kNames) {
    const std::string file = dir() + "/" + name;
    const std::vector<uint8_t> bytes = read_file(file);
    std::vector<uint64_t> sizes = {bytes.size() + 1, bytes.size() - 1, 4095, 1};
    for (uint64_t size = 0; size < bytes.size(); size += 4096) sizes.push_back(size);
    for (uint64_t size : sizes) {
      fs::resize_file(file, size);
      expect_problem({name});
      write_file(file, bytes);
    }
  }
}

TEST_F(Verify, ZerosThatAreNotZeroAreFoundUnderGoodChecksums) {
  // 16 records of 3 + 4 bytes leave most of the only slot unused; 21 codes of 3 bytes leave 1 byte of 64.
  write(make_sample({16, 3, Element::kU8, Metric::kL2}, 4, 3, 9));
  const auto codes = read_header(File::open_read(path(FileKind::kCodes)).value(), FileKind::kCodes);
  const auto graph = read_header(File::open_read(path(FileKind::kGraph)).value(), FileKind::kGraph);
  ASSERT_TRUE(codes.ok() && graph.ok());
  const uint64_t codes_begin = 4096 + round_up(codes->codes.parameter_bytes, 64);
  const uint64_t lists = 4096 + round_up(graph->graph.directory_bytes, 64);
  struct Place {
    FileKind kind;
    uint64_t offset;
  };
  for (const Place& place :
       {Place{FileKind::kVectors, 4096 + 16 * 7}, Place{FileKind::kVectors, 4096 + 4091},
        Place{FileKind::kGraph, 4096 + graph->graph.directory_bytes}, Place{FileKind::kGraph, lists - 1},
        Place{FileKind::kGraph, lists + graph->graph.list_bytes}, Place{FileKind::kGraph, 4096 + graph->payload_bytes},
        Place{FileKind::kGraph, 4096 + BlockLayout(graph->payload_bytes).padded_bytes() - 1},
        Place{FileKind::kCodes, 4096 + codes->codes.parameter_bytes}, Place{FileKind::kCodes, codes_begin - 1},
        Place{FileKind::kCodes, codes_begin + 16 * 3}, Place{FileKind::kCodes, codes_begin + 63},
        Place{FileKind::kCodes, 4096 + codes->payload_bytes}, Place{FileKind::kRows, 4096 + 16 * 4}}) {
    const std::vector<uint8_t> bytes = read_file(path(place.kind));
    ASSERT_EQ(bytes.at(place.offset), 0) << segment_file_name(place.kind) << " " << place.offset;
    change(place.kind, place.offset, 1);
    reseal(path(place.kind), place.kind);
    expect_problem({segment_file_name(place.kind), format("offset %llu", static_cast<unsigned long long>(place.offset)),
                    "zero padding"});
    write_file(path(place.kind), bytes);
  }
  EXPECT_TRUE(verify(dir()).problems.empty());
}

TEST_F(Verify, RowIdsMustBeDistinctAndPossible) {
  SampleSegment sample = make_sample({1000, 8, Element::kU8, Metric::kL2}, 4, 4, 9);
  sample.rows[0] = 4294967294u;  // any distinct ids will do, not only 0 .. rows - 1
  write(sample);
  EXPECT_TRUE(verify(dir()).problems.empty());
  const uint64_t record = 12, at = 4096 + 5 * record + 8;
  const std::vector<uint8_t> bytes = read_file(path(FileKind::kVectors));
  for (uint32_t row : {sample.rows[600], 0xFFFFFFFFu}) {
    std::vector<uint8_t> spoilt = bytes;
    store_le(spoilt.data() + at, row);
    write_file(path(FileKind::kVectors), spoilt);
    reseal(path(FileKind::kVectors), FileKind::kVectors);
    expect_problem({format("row id %u", row)});
  }
}

TEST_F(Verify, RowsMustHaveTheNodesOfTheirRecords) {
  SampleSegment sample = make_sample({1000, 8, Element::kU8, Metric::kL2}, 4, 4, 9);
  for (uint32_t& row : sample.rows) row = row * 3 + 7;
  write(sample);
  EXPECT_TRUE(verify(dir()).problems.empty());
  const std::vector<uint8_t> bytes = read_file(path(FileKind::kRows));
  const auto spoil = [&](uint64_t entry, uint32_t row, uint32_t node) {
    std::vector<uint8_t> spoilt = bytes;
    store_le(spoilt.data() + 4096 + entry * 8, row);
    store_le(spoilt.data() + 4096 + entry * 8 + 4, node);
    write_file(path(FileKind::kRows), spoilt);
    reseal(path(FileKind::kRows), FileKind::kRows);
  };
  const auto row_at = [&](uint64_t entry) { return load_le<uint32_t>(bytes.data() + 4096 + entry * 8); };
  const auto node_at = [&](uint64_t entry) { return load_le<uint32_t>(bytes.data() + 4096 + entry * 8 + 4); };
  spoil(5, row_at(5), node_at(6));
  expect_problem({"rows.seg", format("both node %u", node_at(6))});
  spoil(5, row_at(4), node_at(5));
  expect_problem({"rows.seg", "offset 4136", format("row is %u", row_at(4))});
  spoil(5, row_at(5), 1000);
  expect_problem({"rows.seg", "offset 4140", "node is 1000"});
  spoil(999, row_at(999) - 1, node_at(999));
  expect_problem({"rows.seg", "the last row is 3003", "3004"});
  spoil(5, row_at(5) + 1, node_at(5));  // sound in itself
  expect_problem({"vectors.seg",
                  format("row id %u of node %u, for which rows.seg has row %u", row_at(5), node_at(5), row_at(5) + 1)});
}

TEST_F(Verify, DistinctRowIdsAreProvedWithoutRowsToo) {
  SampleSegment sample = make_sample({1000, 8, Element::kU8, Metric::kL2}, 4, 4, 9);
  write(sample);
  change(FileKind::kRows, 5000, 0xAA);
  std::vector<uint8_t> bytes = read_file(path(FileKind::kVectors));
  store_le(bytes.data() + 4096 + 5 * 12 + 8, sample.rows[600]);
  write_file(path(FileKind::kVectors), bytes);
  reseal(path(FileKind::kVectors), FileKind::kVectors);
  const VerifyReport report = verify(dir());
  ASSERT_EQ(report.problems.size(), 2u);
  EXPECT_NE(report.problems[1].message().find("stands in another record too"), std::string::npos);
}

TEST_F(Verify, NodesThatNoWalkReachesAreCounted) {
  SampleSegment sample = make_sample({500, 8, Element::kU8, Metric::kL2}, 4, 4, 9);
  // Nodes 100 to 149 lose every edge that comes from outside of them.
  for (uint32_t node = 0; node < 500; ++node) {
    if (node >= 100 && node < 150) continue;
    std::erase_if(sample.lists[node], [](uint32_t neighbour) { return neighbour >= 100 && neighbour < 150; });
  }
  write(sample);
  EXPECT_EQ(verify(dir()).unreachable, 50u);
  expect_problem({"50 of 500 nodes", "the first is node 100"});
}

TEST_F(Verify, ListsThatLieAreFoundUnderGoodChecksums) {
  write(make_sample({500, 8, Element::kU8, Metric::kL2}, 4, 4, 9));
  change(FileKind::kGraph, 4096 + round_up(8 * 136, 64), 0x7F);  // the header of the first list
  reseal(path(FileKind::kGraph), FileKind::kGraph);
  expect_problem({"graph.seg", "node 0"});
}

TEST_F(Verify, CodebooksThatAreNotFiniteAreFoundUnderGoodChecksums) {
  write(make_sample({500, 8, Element::kU8, Metric::kL2}, 4, 4, 9));
  std::vector<uint8_t> bytes = read_file(path(FileKind::kCodes));
  store_le<uint32_t>(bytes.data() + 4096 + 8, 0x7FC00000);
  write_file(path(FileKind::kCodes), bytes);
  reseal(path(FileKind::kCodes), FileKind::kCodes);
  expect_problem({"codes.seg", "finite"});
}

TEST_F(Verify, FilesMissingMixedUpOrStrangeAreNamed) {
  const SampleSegment sample = make_sample({500, 8, Element::kU8, Metric::kL2}, 4, 4, 9);
  write(sample);
  ASSERT_TRUE(write_sample(sample, temp_.file("twin")).ok());
  for (FileKind kind : kFileKinds) {
    const std::vector<uint8_t> bytes = read_file(path(kind));
    fs::copy_file(segment_file_path(temp_.file("twin"), kind), path(kind), fs::copy_options::overwrite_existing);
    const VerifyReport report = verify(dir());
    ASSERT_FALSE(report.problems.empty());
    EXPECT_NE(report.problems[0].message().find("uuid"), std::string::npos) << report.problems[0].message();
    fs::remove(path(kind));
    expect_problem({path(kind)}, Code::kNotFound);
    fs::create_directory(path(kind));
    expect_problem({path(kind), "a folder"});
    fs::remove(path(kind));
    write_file(path(kind), bytes);
  }
  change(FileKind::kGraph, 8, 2);
  expect_problem({"graph.seg", "version 2"}, Code::kTooNew);
  change(FileKind::kGraph, 8, 1);
  write_file(dir() + "/notes.txt", {});
  expect_problem({"notes.txt"});
  EXPECT_EQ(verify(dir()).bytes_checked, total_bytes(dir()));
}

TEST_F(Verify, AFolderThatIsNotThereIsAFailureOfTheCheckItself) {
  ThreadPool pool(1);
  CancelFlag cancel;
  const auto absent = verify_segment(temp_.file("absent"), pool, cancel, {});
  EXPECT_EQ(absent.status().code(), Code::kNotFound);
  EXPECT_NE(absent.status().message().find(temp_.file("absent")), std::string::npos);
}

TEST_F(Verify, ProblemsAreBoundedAndTheRestIsStillChecked) {
  write(make_sample({30000, 64, Element::kU8, Metric::kL2}, 2, 4, 9));
  std::vector<uint8_t> bytes = read_file(path(FileKind::kVectors));
  for (size_t slot = 0; slot < 150; ++slot) bytes.at(4096 + slot * 4096 + 77) ^= 1;
  write_file(path(FileKind::kVectors), bytes);
  change(FileKind::kCodes, 5000, 0xAA);
  const VerifyReport report = verify(dir());
  EXPECT_EQ(report.problems.size(), 100u);
  EXPECT_NE(report.problems[0].message().find("offset 4096 "), std::string::npos) << report.problems[0].message();
  EXPECT_EQ(report.bytes_checked, total_bytes(dir()));
}

TEST_F(Verify, ProgressGrowsToTheEndAndCancellingStops) {
  write(make_sample({30000, 64, Element::kU8, Metric::kL2}, 2, 4, 9));
  ThreadPool pool(1);
  CancelFlag cancel;
  uint64_t last = 0, calls = 0;
  const auto watched = verify_segment(dir(), pool, cancel, [&](uint64_t done, uint64_t total) {
    EXPECT_GT(done, last);
    EXPECT_LE(done, total);
    EXPECT_EQ(total, total_bytes(dir()));
    last = done;
    ++calls;
  });
  ASSERT_TRUE(watched.ok());
  EXPECT_EQ(last, total_bytes(dir()));
  for (uint64_t stop = 1; stop <= calls; ++stop) {
    CancelFlag stopped;
    uint64_t seen = 0;
    const auto cancelled = verify_segment(dir(), pool, stopped, [&](uint64_t, uint64_t) {
      if (++seen == stop) stopped.cancel();
    });
    EXPECT_EQ(cancelled.status().code(), Code::kAborted) << stop;
    EXPECT_EQ(seen, stop);
  }
}

TEST_F(Verify, ConcurrentThreadsFindTheSame) {
  write(make_sample({20000, 64, Element::kU8, Metric::kL2}, 8, 4, 9));
  std::vector<uint8_t> bytes = read_file(path(FileKind::kVectors));
  for (size_t slot : {3, 50, 51, 200}) bytes.at(4096 + slot * 4096) ^= 1;
  write_file(path(FileKind::kVectors), bytes);
  const VerifyReport one = verify(dir(), 1);
  const VerifyReport four = verify(dir(), 4);
  ASSERT_EQ(one.problems.size(), 4u);
  ASSERT_EQ(four.problems.size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(one.problems[i].message(), four.problems[i].message());
  EXPECT_EQ(one.blocks_checked, four.blocks_checked);
  EXPECT_EQ(one.bytes_checked, four.bytes_checked);
}

}  // namespace
}  // namespace vamana
