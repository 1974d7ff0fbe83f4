#include "job/node_vectors.h"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace vamana {

namespace {

constexpr size_t kGrain = 256;

struct Wanted {
  uint32_t row;
  uint32_t place;  // in the output
  bool operator<(const Wanted& other) const { return row < other.row || (row == other.row && place < other.place); }
};

}  // namespace

Status MemoryVectors::fetch(std::span<const uint32_t> nodes, uint8_t* to, ThreadPool& pool) const {
  pool.parallel_for(nodes.size(), kGrain, [&](size_t begin, size_t end, size_t) {
    for (size_t i = begin; i < end; ++i) {
      std::memcpy(to + i * vector_bytes_, vectors_.data() + uint64_t{nodes[i]} * vector_bytes_, vector_bytes_);
    }
  });
  return Status();
}

Status SourceVectors::fetch(std::span<const uint32_t> nodes, uint8_t* to, ThreadPool& pool) const {
  std::vector<Wanted> wanted(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) wanted[i] = {row(nodes[i]), static_cast<uint32_t>(i)};
  if (!std::is_sorted(wanted.begin(), wanted.end())) std::sort(wanted.begin(), wanted.end());
  std::mutex mutex;
  Status failed;
  pool.parallel_for(wanted.size(), kGrain, [&](size_t begin, size_t end, size_t) {
    for (size_t i = begin; i < end;) {
      size_t run = 1;
      while (i + run < end && wanted[i + run].row == wanted[i].row + run &&
             wanted[i + run].place == wanted[i].place + run) {
        ++run;
      }
      const Status status = source_->read_rows(wanted[i].row, run, to + wanted[i].place * source_->row_bytes());
      if (!status.ok()) {
        const std::lock_guard lock(mutex);
        failed = status;
        return;
      }
      i += run;
    }
  });
  return failed;
}

}  // namespace vamana
