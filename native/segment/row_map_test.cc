// The way from a row to its node, against the records themselves.
#include "segment/row_map.h"

#include <gtest/gtest.h>

#include "base/prng.h"
#include "segment/segment_files.h"
#include "testing/sample_segment.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::make_sample;
using testing::SampleSegment;
using testing::TempDir;

// Row `i` of the sample becomes first + i * step + (less than step).
SampleSegment sample_with_rows(uint64_t rows, uint32_t first, uint32_t step, uint64_t seed) {
  SampleSegment sample = make_sample({rows, 4, Element::kU8, Metric::kL2}, 4, 2, seed);
  Prng prng(seed);
  for (uint32_t& row : sample.rows) row = first + row * step + static_cast<uint32_t>(prng.below(step));
  return sample;
}

Result<RowMap> open_rows(const std::string& dir) {
  VAMANA_ASSIGN(File file, File::open_read(segment_file_path(dir, FileKind::kRows)));
  VAMANA_ASSIGN(const SegmentHeader header, read_header(file, FileKind::kRows));
  return RowMap::open(std::move(file), header);
}

TEST(RowMap, EveryRowHasTheNodeOfItsRecordAndNoOtherHasOne) {
  struct Case {
    uint64_t rows;
    uint32_t first, step;
  };
  // Around the 512 pairs of a page and the 8192 of a block, contiguous and not, up to the last row there is.
  for (const Case& c : {Case{1, 0, 1}, Case{1, 4294967294u, 1}, Case{511, 9, 3}, Case{512, 9, 3}, Case{513, 0, 2},
                        Case{9000, 1000, 1}, Case{9000, 1000, 5}, Case{2000, 4294967294u - 1999, 1}}) {
    SCOPED_TRACE(format("%llu rows from %u, step %u", static_cast<unsigned long long>(c.rows), c.first, c.step));
    TempDir temp;
    const SampleSegment sample = sample_with_rows(c.rows, c.first, c.step, 20240801);
    ASSERT_TRUE(testing::write_sample(sample, temp.file("s")).ok());
    const auto map = open_rows(temp.file("s"));
    ASSERT_TRUE(map.ok()) << map.status().message();
    std::vector<std::optional<uint32_t>> expected(uint64_t{c.step} * c.rows);
    for (uint32_t node = 0; node < c.rows; ++node) expected[sample.rows[node] - c.first] = node;
    for (uint64_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(map->node_of(static_cast<uint32_t>(c.first + i)).value(), expected[i]) << i;
    }
    if (c.first > 0) {
      EXPECT_FALSE(map->node_of(c.first - 1).value());
    }
    EXPECT_FALSE(map->node_of(0xFFFFFFFFu).value());

    uint64_t visited = 0, before = 0;
    ASSERT_TRUE(map->for_each([&](uint32_t row, uint32_t node) {
                     EXPECT_EQ(sample.rows[node], row);
                     EXPECT_TRUE(visited == 0 || row > before);
                     before = row;
                     ++visited;
                     return Status();
                   })
                    .ok());
    EXPECT_EQ(visited, c.rows);
  }
}

TEST(RowMap, AVisitThatFailsEndsTheWalk) {
  TempDir temp;
  ASSERT_TRUE(testing::write_sample(sample_with_rows(100, 0, 1, 1), temp.file("s")).ok());
  const auto map = open_rows(temp.file("s"));
  uint64_t visited = 0;
  const Status status = map->for_each([&](uint32_t row, uint32_t) -> Status {
    if (++visited < 7) return Status();
    return Status(Code::kAborted, format("at row %u", row));
  });
  EXPECT_EQ(status.code(), Code::kAborted);
  EXPECT_EQ(visited, 7u);
}

TEST(RowMap, AByteThatChangedIsFoundAtOpening) {
  TempDir temp;
  ASSERT_TRUE(testing::write_sample(sample_with_rows(1000, 3, 2, 1), temp.file("s")).ok());
  const std::string path = segment_file_path(temp.file("s"), FileKind::kRows);
  std::vector<uint8_t> bytes = testing::read_file(path);
  bytes[4096 + 777] ^= 1;
  testing::write_file(path, bytes);
  EXPECT_EQ(open_rows(temp.file("s")).status().code(), Code::kCorrupt);
}

TEST(RowMap, ARowGivenTwiceIsNotPublished) {
  TempDir temp;
  SampleSegment sample = make_sample({100, 4, Element::kU8, Metric::kL2}, 4, 2, 1);
  sample.rows[3] = sample.rows[70];
  const auto written = testing::write_sample(sample, temp.file("s"));
  EXPECT_EQ(written.status().code(), Code::kInvalidArgument);
  EXPECT_NE(written.status().message().find(format("row id %u was given twice", sample.rows[70])), std::string::npos);
}

}  // namespace
}  // namespace vamana
