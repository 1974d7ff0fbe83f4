#include "job/node_vectors.h"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace vamana {

namespace {

constexpr size_t kGrain = 256;
// Rows with less than a page between them are read in one piece, of so many bytes at most.
constexpr uint64_t kGapBytes = 4096;
constexpr uint64_t kRunBytes = 64 << 10;

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
    std::vector<uint8_t> scratch;
    for (size_t i = begin; i < end;) {
      const size_t run = run_of({wanted.data() + i, end - i});
      const Status status = read_run({wanted.data() + i, run}, to, scratch);
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

// How many of the first ones are read at once: those that lie close together.
size_t SourceVectors::run_of(std::span<const Wanted> wanted) const {
  const uint64_t bytes = source_->row_bytes();
  const uint64_t gap_max = std::max<uint64_t>(1, kGapBytes / bytes),
                 rows_max = std::max<uint64_t>(1, kRunBytes / bytes);
  size_t run = 1;
  while (run < wanted.size() && wanted[run].row - wanted[run - 1].row <= gap_max &&
         wanted[run].row - wanted[0].row < rows_max) {
    ++run;
  }
  return run;
}

// Reads from the first to the last of them, what lies between included, to where each is wanted.
Status SourceVectors::read_run(std::span<const Wanted> run, uint8_t* to, std::vector<uint8_t>& scratch) const {
  const uint64_t bytes = source_->row_bytes(), first = run.front().row, count = run.back().row - first + 1;
  if (run.size() == 1) return source_->read_rows(first, 1, to + run[0].place * bytes);
  scratch.resize(count * bytes);
  VAMANA_TRY(source_->read_rows(first, count, scratch.data()));
  for (const Wanted& one : run) {
    std::memcpy(to + one.place * bytes, scratch.data() + (one.row - first) * bytes, bytes);
  }
  return Status();
}

}  // namespace vamana
