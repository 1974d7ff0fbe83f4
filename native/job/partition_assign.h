// Which rows go into which partition: each into the two nearest to it that have room. One pass over the
// source, which checks every value on the way, as the build in memory does when it reads.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "job/build_run.h"

namespace vamana {

constexpr uint8_t kNoPartition = 0xFF;

struct PartitionHomes {
  std::vector<uint8_t> first;   // by row: the partition that gives the row its place in the order
  std::vector<uint8_t> second;  // kNoPartition where no second one had room
  std::vector<uint64_t> sizes;  // by partition: rows of either kind, none above partition_capacity()

  bool holds(uint32_t partition, uint64_t row) const { return first[row] == partition || second[row] == partition; }
};

// REQUIRES run.source and run.vectors. The same for any thread count.
Result<PartitionHomes> assign_partitions(BuildRun& run);

}  // namespace vamana
