// Where a delta's bytes lie, and that they are counted.
#include "delta/delta_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace vamana {
namespace {

struct Shape {
  uint32_t dim;
  Element element;
  Metric metric;
  uint32_t degree;
};
const Shape kShapes[] = {{1, Element::kU8, Metric::kL2, 4},
                         {128, Element::kU8, Metric::kDot, 24},
                         {13, Element::kF16, Metric::kCosine, 7},
                         {768, Element::kF32, Metric::kDot, 64}};

// Every part of every row written with a value of its own, then read back: no two share a byte.
TEST(DeltaMemory, PartsDoNotOverlap) {
  for (const Shape& shape : kShapes) {
    DeltaMemory memory(shape.dim, shape.element, shape.metric, shape.degree);
    const uint32_t rows = memory.chunk_rows() * 2 + 3;
    ASSERT_TRUE(memory.reserve(rows).ok());
    ASSERT_GE(memory.places(), shape.degree + 2);
    for (uint32_t slot = 0; slot < rows; ++slot) {
      std::fill_n(memory.vector(slot), memory.vector_bytes(), static_cast<uint8_t>(slot % 251));
      std::fill_n(memory.list(slot), memory.places() + 1, slot * 5 + 1);
      *memory.row(slot) = slot * 5 + 2;
      *memory.parent(slot) = slot * 5 + 3;
      if (shape.metric == Metric::kDot) *memory.lift(slot) = static_cast<float>(slot) + 0.5f;
    }
    for (uint32_t slot = 0; slot < rows; ++slot) {
      const uint8_t* const vector = memory.vector(slot);
      ASSERT_TRUE(std::all_of(vector, vector + memory.vector_bytes(), [&](uint8_t b) { return b == slot % 251; }));
      const uint32_t* const list = memory.list(slot);
      ASSERT_EQ(std::count(list, list + memory.places() + 1, slot * 5 + 1), memory.places() + 1);
      ASSERT_EQ(reinterpret_cast<uintptr_t>(list) % 64, 0u);
      ASSERT_EQ(*memory.row(slot), slot * 5 + 2);
      ASSERT_EQ(*memory.parent(slot), slot * 5 + 3);
      if (shape.metric == Metric::kDot) {
        ASSERT_EQ(*memory.lift(slot), static_cast<float>(slot) + 0.5f);
      }
    }
  }
}

TEST(DeltaMemory, NeverMovesAndZeroesWhatItGives) {
  DeltaMemory memory(16, Element::kF32, Metric::kL2, 8);
  ASSERT_TRUE(memory.reserve(1).ok());
  uint8_t* const first = memory.vector(0);
  std::vector<const uint32_t*> lists;
  for (uint64_t rows = 1; rows < uint64_t{memory.chunk_rows()} * 20; rows += memory.chunk_rows() / 2) {
    ASSERT_TRUE(memory.reserve(rows).ok());
    lists.push_back(memory.list(static_cast<uint32_t>(rows - 1)));
    ASSERT_EQ(*lists.back(), 0u);
  }
  EXPECT_EQ(memory.vector(0), first);
  uint64_t rows = 1;
  for (const uint32_t* list : lists) {
    EXPECT_EQ(memory.list(static_cast<uint32_t>(rows - 1)), list);
    rows += memory.chunk_rows() / 2;
  }
}

TEST(DeltaMemory, VectorsOfARunLieOneAfterTheOther) {
  DeltaMemory memory(5, Element::kF16, Metric::kL2, 8);
  const uint32_t chunk = memory.chunk_rows();
  ASSERT_TRUE(memory.reserve(chunk + 1).ok());
  EXPECT_EQ(memory.run(0), chunk);
  EXPECT_EQ(memory.run(chunk - 1), 1u);
  EXPECT_EQ(memory.run(chunk), chunk);
  for (uint32_t slot = 1; slot < chunk; ++slot) ASSERT_EQ(memory.vector(slot), memory.vector(slot - 1) + 10);
}

// The chunks that stand cost what row_bytes() says, but for less than two cache lines and a page each.
TEST(DeltaMemory, CountsItsBytesExactly) {
  for (const Shape& shape : kShapes) {
    DeltaMemory memory(shape.dim, shape.element, shape.metric, shape.degree);
    const uint64_t table = memory.bytes();
    const uint64_t plain = memory.row_bytes() * memory.chunk_rows();
    EXPECT_GE(memory.chunk_bytes(), plain);
    EXPECT_LE(memory.chunk_bytes(), plain + 64 + 4096);
    uint64_t before = table;
    for (uint64_t rows = 1; rows < uint64_t{memory.chunk_rows()} * 40; rows += memory.chunk_rows()) {
      ASSERT_TRUE(memory.reserve(rows).ok());
      const uint64_t chunks = (memory.bytes() - table) / memory.chunk_bytes();
      EXPECT_EQ((memory.bytes() - table) % memory.chunk_bytes(), 0u);
      EXPECT_GE(chunks * memory.chunk_rows(), rows);
      if (memory.bytes() != before) {
        EXPECT_LE(memory.bytes() - before, std::max<uint64_t>(memory.chunk_bytes(), 12 << 20)) << "grows in steps";
      }
      before = memory.bytes();
      ASSERT_TRUE(memory.reserve(rows).ok());
      EXPECT_EQ(memory.bytes(), before) << "room that is there is not made again";
    }
  }
}

TEST(DeltaMemory, RefusesMoreRowsThanItHasChunksFor) {
  DeltaMemory memory(65536, Element::kF32, Metric::kL2, 24);
  const uint64_t before = memory.bytes();
  const Status status = memory.reserve(memory.rows_max() + 1);
  EXPECT_EQ(status.code(), Code::kMemoryLimit);
  EXPECT_EQ(memory.bytes(), before);
}

}  // namespace
// What is prepared is what reserve() takes next, once, and counts from when it stands.
TEST(DeltaMemory, TakesWhatWasPrepared) {
  DeltaMemory memory(16, Element::kF32, Metric::kL2, 8);
  memory.prepare(0);
  const uint64_t empty = memory.bytes();
  ASSERT_TRUE(memory.reserve(1).ok());
  const uint64_t first = memory.bytes();
  EXPECT_GT(first, empty);
  memory.prepare(1);
  memory.prepare(1);
  const uint64_t prepared = memory.bytes();
  EXPECT_EQ(prepared - first, memory.chunk_bytes());
  ASSERT_TRUE(memory.reserve(memory.chunk_rows() + 1).ok());
  EXPECT_EQ(memory.bytes(), prepared);
  const uint32_t last = 2 * memory.chunk_rows() - 1;
  *memory.row(last) = 7;
  EXPECT_EQ(*memory.row(last), 7u);
  ASSERT_TRUE(memory.reserve(last + 2).ok());
  EXPECT_GT(memory.bytes(), prepared);
}

}  // namespace vamana
