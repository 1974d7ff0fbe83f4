// PackedGraph against plain lists: every list comes back, whatever its shape, under every processor level,
// and damaged bytes are refused by check_lists.
#include "graph/packed_graph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>
#include <vector>

#include "base/prng.h"

namespace vamana {
namespace {

using Lists = std::vector<std::vector<uint32_t>>;

// A mix of near and far neighbours, as a locality order gives; some lists full, some short, some empty.
Lists random_lists(uint64_t rows, uint32_t degree, uint64_t seed) {
  Prng prng(seed);
  Lists lists(rows);
  for (uint64_t node = 0; node < rows; ++node) {
    const uint64_t want = prng.below(4) == 0 ? prng.below(degree + 1) : degree;
    std::set<uint32_t> list;
    for (uint64_t tries = 0; list.size() < want && tries < 8 * degree; ++tries) {
      const uint64_t other =
          prng.below(2) == 0 ? prng.below(rows) : (node + prng.below(2 * degree + 2) + rows - degree) % rows;
      if (other != node) list.insert(static_cast<uint32_t>(other));
    }
    lists[node].assign(list.begin(), list.end());
    // pack() must not rely on an order.
    for (size_t i = lists[node].size(); i > 1; --i) std::swap(lists[node][i - 1], lists[node][prng.below(i)]);
  }
  return lists;
}

PackedGraph pack(const Lists& lists, uint32_t degree, ThreadPool& pool) {
  auto packed = PackedGraph::pack(
      lists.size(), degree, [&](uint32_t node) { return std::span(lists[node]); }, pool);
  EXPECT_TRUE(packed.ok()) << packed.status().message();
  return std::move(packed).value();
}

void expect_equal(const PackedGraph& graph, const Lists& lists) {
  uint32_t out[kNeighbourRoom];
  for (uint32_t node = 0; node < lists.size(); ++node) {
    std::vector<uint32_t> expected = lists[node];
    std::sort(expected.begin(), expected.end());
    const uint32_t count = graph.decode(node, out);
    ASSERT_EQ(std::vector<uint32_t>(out, out + count), expected) << "node " << node;
  }
}

TEST(PackedGraph, GivesBackEveryList) {
  ThreadPool pool(2);
  for (const uint64_t rows : {1, 2, 3, 63, 64, 65, 1000, 5000}) {
    for (const uint32_t degree : {1, 15, 16, 17, 32, 64, 126}) {
      SCOPED_TRACE(format("rows %llu degree %u", static_cast<unsigned long long>(rows), degree));
      const Lists lists = random_lists(rows, degree, rows * 1000 + degree);
      const PackedGraph graph = pack(lists, degree, pool);
      EXPECT_TRUE(graph.check_lists(pool).ok()) << graph.check_lists(pool).message();
      expect_equal(graph, lists);
    }
  }
}

TEST(PackedGraph, EveryKernelDecodesTheSame) {
  ThreadPool pool(2);
  const Lists lists = random_lists(20000, 40, 7);
  const PackedGraph graph = pack(lists, 40, pool);
  // The layout as adopt() derives it, decoded by each kernel from the raw bytes that the directory points to.
  ListLayout layout;
  layout.degree = 40;
  layout.selector_bits = static_cast<uint32_t>(std::bit_width(graph.packing().width_classes - 1));
  layout.class_bits = graph.packing().class_bits;
  for (const uint8_t bits : layout.class_bits) layout.bits_max = std::max<uint32_t>(layout.bits_max, bits);
  const uint8_t* const directory = graph.payload().data();
  const uint8_t* const all = directory + round_up(graph.packing().directory_bytes, 64);
  for (const CpuLevel level : {CpuLevel::kScalar, CpuLevel::kAvx2, CpuLevel::kAvx512}) {
    if (kernels_at(level) == nullptr) continue;
    const UnpackFn unpack = unpack_kernel(level, layout);
    for (uint32_t node = 0; node < lists.size(); ++node) {
      const uint8_t* const group = directory + node / 64 * 136;
      const uint8_t* const list = all + load_le<uint64_t>(group) + load_le<uint16_t>(group + 8 + node % 64 * 2);
      uint32_t out[kNeighbourRoom];
      const uint32_t count = unpack(list, node, layout, out);
      std::vector<uint32_t> expected = lists[node];
      std::sort(expected.begin(), expected.end());
      ASSERT_EQ(std::vector<uint32_t>(out, out + count), expected) << "node " << node;
    }
  }
}

// Ids so far apart that a gap needs up to 32 bits: the layout without 25-bit classes.
TEST(PackedGraph, HoldsGapsOfEveryWidth) {
  ThreadPool pool(1);
  const uint64_t rows = 40'000'000;
  const std::vector<uint32_t> wide = {1, 39'999'999, 20'000'000, 5};
  const std::vector<uint32_t> none;
  auto packed = PackedGraph::pack(
      rows, 4, [&](uint32_t node) { return node == 3 ? std::span(wide) : std::span(none); }, pool);
  ASSERT_TRUE(packed.ok());
  uint32_t out[kNeighbourRoom];
  ASSERT_EQ(packed->decode(3, out), 4u);
  EXPECT_EQ(std::vector<uint32_t>(out, out + 4), (std::vector<uint32_t>{1, 5, 20'000'000, 39'999'999}));
  EXPECT_EQ(packed->decode(39'999'999, out), 0u);
}

TEST(PackedGraph, SameBytesForOneThreadAndMany) {
  const Lists lists = random_lists(20000, 32, 3);
  ThreadPool one(1), three(3);
  const PackedGraph a = pack(lists, 32, one), b = pack(lists, 32, three);
  ASSERT_EQ(a.payload().size(), b.payload().size());
  EXPECT_EQ(std::memcmp(a.payload().data(), b.payload().data(), a.payload().size()), 0);
}

TEST(PackedGraph, LocalListsTakeFewerBits) {
  ThreadPool pool(2);
  Lists near(20000), far(20000);
  Prng prng(11);
  for (uint32_t node = 0; node < 20000; ++node) {
    std::set<uint32_t> a, b;
    while (a.size() < 32) {
      const auto other = static_cast<uint32_t>((node + 20000 + prng.below(129) - 64) % 20000);
      if (other != node) a.insert(other);
    }
    while (b.size() < 32) {
      const auto other = static_cast<uint32_t>(prng.below(20000));
      if (other != node) b.insert(other);
    }
    near[node].assign(a.begin(), a.end());
    far[node].assign(b.begin(), b.end());
  }
  EXPECT_LT(pack(near, 32, pool).bits_per_edge(), 5);
  EXPECT_LT(pack(far, 32, pool).bits_per_edge(), 13);
}

// A flipped bit in the lists may give another valid graph (its checksum is the segment's business), but
// what check_lists accepts must decode within bounds.
TEST(PackedGraph, DamagedListsAreRefusedOrDecodeWithinBounds) {
  ThreadPool pool(1);
  const Lists lists = random_lists(300, 16, 5);
  const PackedGraph sound = pack(lists, 16, pool);
  Prng prng(17);
  size_t refused = 0;
  for (int round = 0; round < 2000; ++round) {
    auto copy = AlignedBuffer::create(sound.payload().size());
    ASSERT_TRUE(copy.ok());
    std::memcpy(copy->data(), sound.payload().data(), copy->size());
    copy->data()[prng.below(copy->size() - 64)] ^= static_cast<uint8_t>(1u << prng.below(8));
    auto damaged = PackedGraph::adopt(300, sound.packing(), std::move(copy).value());
    ASSERT_TRUE(damaged.ok());
    if (!damaged->check_lists(pool).ok()) {
      ++refused;
      continue;
    }
    uint32_t out[kNeighbourRoom];
    for (uint32_t node = 0; node < 300; ++node) {
      const uint32_t count = damaged->decode(node, out);
      ASSERT_LE(count, 16u);
      for (uint32_t i = 0; i < count; ++i) ASSERT_TRUE(out[i] < 300 && out[i] != node);
    }
  }
  EXPECT_GT(refused, 500u);
}

TEST(PackedGraph, AdoptRefusesSizesThatDoNotAgree) {
  ThreadPool pool(1);
  const PackedGraph sound = pack(random_lists(300, 16, 5), 16, pool);
  Packing packing = sound.packing();
  packing.directory_bytes += 8;
  auto buffer = AlignedBuffer::create(sound.payload().size());
  EXPECT_EQ(PackedGraph::adopt(300, packing, std::move(buffer).value()).status().code(), Code::kCorrupt);
  packing = sound.packing();
  packing.list_bytes += 4096;
  buffer = AlignedBuffer::create(sound.payload().size());
  EXPECT_EQ(PackedGraph::adopt(300, packing, std::move(buffer).value()).status().code(), Code::kCorrupt);
}

// Sizes that come round to something small when they are added up.
TEST(PackedGraph, AdoptRefusesSizesThatOverflow) {
  ThreadPool pool(1);
  const PackedGraph sound = pack(random_lists(300, 16, 5), 16, pool);
  for (uint64_t back = 0; back <= 2048; back += 8) {
    Packing packing = sound.packing();
    packing.list_bytes = uint64_t{0} - back - 1;
    auto buffer = AlignedBuffer::create(sound.payload().size());
    ASSERT_EQ(PackedGraph::adopt(300, packing, std::move(buffer).value()).status().code(), Code::kCorrupt) << back;
  }
}

TEST(PackedGraph, AdoptRefusesClassesThatCannotBe) {
  ThreadPool pool(1);
  const PackedGraph sound = pack(random_lists(300, 16, 5), 16, pool);
  const auto adopt = [&](const Packing& packing) {
    auto buffer = AlignedBuffer::create(sound.payload().size());
    return PackedGraph::adopt(300, packing, std::move(buffer).value()).status().code();
  };
  EXPECT_EQ(adopt(sound.packing()), Code::kOk);
  Packing packing = sound.packing();
  packing.width_classes = 0;
  EXPECT_EQ(adopt(packing), Code::kCorrupt);
  packing.width_classes = kWidthClassesMax + 1;
  EXPECT_EQ(adopt(packing), Code::kCorrupt);
  packing = sound.packing();
  packing.class_bits[0] = 33;
  EXPECT_EQ(adopt(packing), Code::kCorrupt);
  packing = sound.packing();
  packing.degree = kMaxDegree + 1;
  EXPECT_EQ(adopt(packing), Code::kCorrupt);
}

}  // namespace
}  // namespace vamana
