#include "base/aligned_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <utility>

#include "testing/forced_variable.h"

namespace vamana {
namespace {

AlignedBuffer made(size_t bytes) {
  auto buffer = AlignedBuffer::create(bytes);
  EXPECT_TRUE(buffer.ok()) << buffer.status().message();
  return std::move(buffer).value();
}

TEST(AlignedBuffer, IsAlignedZeroedAndWritable) {
  for (const size_t bytes : {size_t{1}, size_t{4095}, size_t{4096}, size_t{4097}, size_t{9} << 20}) {
    AlignedBuffer buffer = made(bytes);
    ASSERT_EQ(buffer.size(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % 4096, 0u);
    EXPECT_TRUE(std::all_of(buffer.data(), buffer.data() + bytes, [](uint8_t byte) { return byte == 0; }));
    std::memset(buffer.data(), 0xAB, bytes);
    EXPECT_EQ(std::as_const(buffer).data()[bytes - 1], 0xAB);
  }
}

TEST(AlignedBuffer, MayBeEmpty) {
  AlignedBuffer by_default, created = made(0);
  for (AlignedBuffer* buffer : {&by_default, &created}) {
    EXPECT_EQ(buffer->data(), nullptr);
    EXPECT_EQ(buffer->size(), 0u);
    EXPECT_FALSE(buffer->lock());
  }
}

TEST(AlignedBuffer, MovesWithoutCopying) {
  AlignedBuffer first = made(100);
  uint8_t* const data = first.data();
  data[99] = 7;
  AlignedBuffer second(std::move(first));
  EXPECT_EQ(second.data(), data);
  AlignedBuffer third = made(5);
  third = std::move(second);
  EXPECT_EQ(third.data(), data);
  EXPECT_EQ(third.size(), 100u);
  EXPECT_EQ(third.data()[99], 7);
}

TEST(AlignedBuffer, MoreThanTheAddressSpaceIsAMemoryLimit) {
  for (const size_t bytes : {std::numeric_limits<size_t>::max(), std::numeric_limits<size_t>::max() / 2}) {
    const auto buffer = AlignedBuffer::create(bytes);
    ASSERT_FALSE(buffer.ok());
    EXPECT_EQ(buffer.status().code(), Code::kMemoryLimit);
  }
}

// Whether the system was asked for huge pages where `at` is: the flag hg of its map.
bool asked_for_huge_pages(const void* at) {
  std::ifstream maps("/proc/self/smaps");
  const auto address = reinterpret_cast<uintptr_t>(at);
  bool here = false;
  for (std::string line; std::getline(maps, line);) {
    uintptr_t begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " ", &begin, &end) == 2)
      here = begin <= address && address < end;
    if (here && line.starts_with("VmFlags:")) return line.find(" hg") != std::string::npos;
  }
  return false;
}

TEST(AlignedBuffer, AsksForHugePagesWhereToldToAndWholeOnesFit) {
  constexpr size_t kLarge = size_t{9} << 20;
  {
    const testing::ForcedVariable untold("VAMANA_HUGE_PAGES", nullptr);
    EXPECT_FALSE(asked_for_huge_pages(made(kLarge).data()));
  }
  const testing::ForcedVariable told("VAMANA_HUGE_PAGES", "1");
  const AlignedBuffer large = made(kLarge), small = made(4096);
  EXPECT_EQ(asked_for_huge_pages(large.data()), std::filesystem::exists("/sys/kernel/mm/transparent_hugepage"));
  EXPECT_FALSE(asked_for_huge_pages(small.data()));
}

TEST(AlignedBuffer, LockingIsRememberedAndMovesAlong) {
  AlignedBuffer buffer = made(4096);
  EXPECT_FALSE(buffer.locked());
  const bool locked = buffer.lock();  // what the system allows
  EXPECT_EQ(buffer.locked(), locked);
  EXPECT_EQ(buffer.lock(), locked);
  const AlignedBuffer moved(std::move(buffer));
  EXPECT_EQ(moved.locked(), locked);
}

}  // namespace
}  // namespace vamana
