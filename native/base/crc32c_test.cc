#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/prng.h"

namespace vamana {
namespace {

constexpr uint64_t kSeed = 31;

TEST(Crc32c, KnownValues) {
  // The check value of the CRC catalogue, and the vectors of RFC 3720, B.4.
  const std::vector<uint8_t> zeros(32, 0), ones(32, 0xFF);
  std::vector<uint8_t> rising(32);
  for (size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<uint8_t>(i);
  for (const auto crc : {crc32c, crc32c_portable}) {
    EXPECT_EQ(crc(0, "123456789", 9), 0xE3069283u);
    EXPECT_EQ(crc(0, zeros.data(), zeros.size()), 0x8A9136AAu);
    EXPECT_EQ(crc(0, ones.data(), ones.size()), 0x62A8AB43u);
    EXPECT_EQ(crc(0, rising.data(), rising.size()), 0x46DD794Eu);
    EXPECT_EQ(crc(0, nullptr, 0), 0u);
  }
}

TEST(Crc32c, HardwareAndTableAgreeForEverySizeAndAlignment) {
  constexpr size_t kSizeMax = 9000;
  Prng prng(kSeed);
  std::vector<uint8_t> data(kSizeMax + 64);
  for (auto& byte : data) byte = static_cast<uint8_t>(prng.next());
  for (size_t size = 0; size <= kSizeMax; ++size) {
    const size_t offset = size % 17;
    const auto start = static_cast<uint32_t>(prng.next());
    ASSERT_EQ(crc32c(start, data.data() + offset, size), crc32c_portable(start, data.data() + offset, size))
        << "size " << size << ", offset " << offset << ", seed " << kSeed;
  }
}

TEST(Crc32c, PartsContinueTheWhole) {
  Prng prng(kSeed);
  std::vector<uint8_t> data(9000);
  for (auto& byte : data) byte = static_cast<uint8_t>(prng.next());
  const uint32_t whole = crc32c(0, data.data(), data.size());
  for (size_t cut = 0; cut <= data.size(); cut += 61) {
    const uint32_t head = crc32c(0, data.data(), cut);
    EXPECT_EQ(crc32c(head, data.data() + cut, data.size() - cut), whole) << "cut at " << cut;
  }
}

TEST(Crc32c, EveryBitCounts) {
  std::vector<uint8_t> data(4096, 0x5A);
  const uint32_t before = crc32c(0, data.data(), data.size());
  for (size_t bit = 0; bit < data.size() * 8; bit += 37) {
    data[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_NE(crc32c(0, data.data(), data.size()), before) << "bit " << bit;
    data[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
  }
}

}  // namespace
}  // namespace vamana
