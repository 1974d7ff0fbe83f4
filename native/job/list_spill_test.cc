// Lists on disk come back as they went, whatever the windows cut, and their files have no name.
#include "job/list_spill.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/prng.h"
#include "base/thread_pool.h"
#include "job/disk_lists.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

constexpr uint32_t kDegree = 126;

std::vector<uint32_t> random_list(Prng& prng, uint64_t length_max) {
  std::vector<uint32_t> list(prng.below(length_max + 1));
  for (uint32_t& neighbour : list) neighbour = static_cast<uint32_t>(prng.next());
  return list;
}

TEST(ListSpill, ReturnsWhatWasAppended) {
  const testing::TempDir dir;
  // Nothing; less than a window; several windows, whose ends cut records.
  for (const uint32_t records : {0u, 1u, 10u, 20000u}) {
    SCOPED_TRACE(records);
    auto spill = ListSpill::create(dir.path(), kDegree);
    ASSERT_TRUE(spill.ok()) << spill.status().message();
    EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
    Prng prng(records);
    for (uint32_t i = 0; i < records; ++i) ASSERT_TRUE(spill->append(i * 3, random_list(prng, kDegree)).ok());
    ASSERT_TRUE(spill->rewind().ok());
    Prng again(records);
    for (uint32_t i = 0; i <= records; ++i) {
      uint32_t node = 0;
      std::span<const uint32_t> list;
      const auto more = spill->next(&node, &list);
      ASSERT_TRUE(more.ok()) << more.status().message();
      ASSERT_EQ(more.value(), i < records);
      if (!more.value()) break;
      ASSERT_EQ(node, i * 3);
      const auto expected = random_list(again, kDegree);
      ASSERT_TRUE(std::equal(list.begin(), list.end(), expected.begin(), expected.end())) << "record " << i;
    }
  }
}

TEST(DiskLists, AreReadInTheOrderGiven) {
  const testing::TempDir dir;
  constexpr uint32_t kRows = 5001;
  auto graph = BuildGraph::create(kRows, 7);
  ASSERT_TRUE(graph.ok());
  Prng prng(3);
  std::vector<uint32_t> node_at(kRows);
  for (uint32_t node = 0; node < kRows; ++node) {
    graph->set(node, random_list(prng, 7));
    node_at[node] = (node * 2) % kRows;
  }
  const auto lists = DiskLists::write(dir.path(), graph.value(), node_at);
  ASSERT_TRUE(lists.ok()) << lists.status().message();
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
  // Two readers in turn, as two builds of one process would be.
  DiskListReader reader(lists.value()), other(lists.value());
  ThreadPool pool(3);
  std::vector<uint8_t> right(kRows);
  pool.parallel_for(kRows, 100, [&](size_t begin, size_t end, size_t) {
    for (size_t place = begin; place < end; ++place) {
      const auto expected = graph->list(node_at[place]);
      for (DiskListReader* one : {&reader, &other}) {
        const auto list = one->list(static_cast<uint32_t>(place));
        right[place] += std::equal(list.begin(), list.end(), expected.begin(), expected.end()) ? 1 : 0;
      }
    }
  });
  EXPECT_EQ(right, std::vector<uint8_t>(kRows, 2));
  EXPECT_TRUE(reader.status().ok());
  // Beyond the end there is nothing to read, and the reader says so afterwards.
  const auto more = DiskLists::write(dir.path(), graph.value(), {0, 1, 2});
  EXPECT_EQ(more->rows(), 3u);
  std::vector<uint32_t> room(64 * more->width());
  EXPECT_FALSE(more->read(2, 2, room.data()).ok());
}

}  // namespace
}  // namespace vamana
