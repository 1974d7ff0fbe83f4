// The checksum table of graph.seg and codes.seg, against sums made one block at a time.
#include "format/block_checksums.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/coding.h"
#include "base/crc32c.h"
#include "base/prng.h"

namespace vamana {
namespace {

std::vector<uint8_t> random_bytes(size_t size, uint64_t seed) {
  Prng prng(seed);
  std::vector<uint8_t> bytes(size);
  for (auto& byte : bytes) byte = static_cast<uint8_t>(prng.next());
  return bytes;
}

TEST(BlockLayout, CountsBlocksAndPages) {
  struct Case {
    uint64_t payload, padded, blocks, table;
  };
  for (const Case& one : {Case{1, 4096, 1, 4096}, Case{4096, 4096, 1, 4096}, Case{65536, 65536, 1, 4096},
                          Case{65537, 69632, 2, 4096}, Case{uint64_t{1024} * 65536, uint64_t{1024} * 65536, 1024, 4096},
                          Case{uint64_t{1024} * 65536 + 1, uint64_t{1024} * 65536 + 4096, 1025, 8192}}) {
    const BlockLayout layout(one.payload);
    EXPECT_EQ(layout.padded_bytes(), one.padded);
    EXPECT_EQ(layout.blocks(), one.blocks);
    EXPECT_EQ(layout.table_bytes(), one.table);
    EXPECT_EQ(layout.body_bytes(), one.padded + one.table);
    uint64_t total = 0;
    for (uint64_t block = 0; block < layout.blocks(); ++block) total += layout.block_bytes(block);
    EXPECT_EQ(total, layout.padded_bytes());
  }
}

TEST(BlockSums, PiecesOfAnySizeGiveTheSameTable) {
  const uint64_t seed = 5;
  const std::vector<uint8_t> data = random_bytes(3 * 65536 + 4096, seed);
  const BlockLayout layout(data.size());
  Prng prng(seed + 1);
  for (int round = 0; round < 20; ++round) {
    BlockSums sums;
    for (size_t at = 0; at < data.size();) {
      const size_t take = std::min<size_t>(data.size() - at, 1 + prng.below(round % 2 == 0 ? 100000 : 5000));
      sums.add(data.data() + at, take);
      at += take;
    }
    const std::vector<uint8_t> table = sums.finish();
    ASSERT_EQ(table.size(), layout.table_bytes());
    for (uint64_t block = 0; block < layout.blocks(); ++block) {
      EXPECT_EQ(load_le<uint32_t>(table.data() + 4 * block),
                crc32c(0, data.data() + layout.block_offset(block), layout.block_bytes(block)))
          << "seed " << seed << " block " << block;
    }
    EXPECT_TRUE(std::all_of(table.begin() + 16, table.end(), [](uint8_t byte) { return byte == 0; }));
  }
}

TEST(BlockSums, TableAndBlocksAreCheckedWithTheirPlace) {
  const std::vector<uint8_t> data = random_bytes(65536 + 8192, 6);
  const BlockLayout layout(data.size());
  BlockSums sums;
  sums.add(data.data(), data.size());
  std::vector<uint8_t> table = sums.finish();
  uint32_t table_crc = crc32c(0, table.data(), table.size());
  EXPECT_TRUE(check_table(table.data(), layout, table_crc, "g.seg").ok());

  const uint32_t second = crc32c(0, data.data() + 65536, 8192);
  EXPECT_TRUE(check_block(table.data(), layout, 1, second, "g.seg").ok());
  const Status wrong = check_block(table.data(), layout, 1, second ^ 1, "g.seg");
  EXPECT_EQ(wrong.code(), Code::kCorrupt);
  EXPECT_NE(wrong.message().find("g.seg: the block at offset 69632 (8192 bytes)"), std::string::npos)
      << wrong.message();

  EXPECT_EQ(check_table(table.data(), layout, table_crc ^ 1, "g.seg").code(), Code::kCorrupt);
  table[100] = 1;
  table_crc = crc32c(0, table.data(), table.size());
  const Status padding = check_table(table.data(), layout, table_crc, "g.seg");
  EXPECT_EQ(padding.code(), Code::kCorrupt);
  EXPECT_NE(padding.message().find(format("offset %d", 4096 + 73728 + 100)), std::string::npos) << padding.message();
}

}  // namespace
}  // namespace vamana
