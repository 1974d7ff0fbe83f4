#include "segment/payload_reader.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "base/crc32c.h"

namespace vamana {

namespace {

// A megabyte a chunk: enough for the kernel to read ahead, little enough to share out evenly.
constexpr size_t kBlocksPerChunk = 16;

struct Failure {
  uint64_t block;
  Status status;
};

}  // namespace

Result<PayloadReader> PayloadReader::open(const File& file, const SegmentHeader& header) {
  PayloadReader reader(file, header.payload_bytes);
  reader.table_.resize(reader.layout_.table_bytes());
  VAMANA_TRY(file.read_at(kHeaderBytes + reader.layout_.padded_bytes(), reader.table_.data(), reader.table_.size()));
  VAMANA_TRY(check_table(reader.table_.data(), reader.layout_, header.table_crc, file.path()));
  return reader;
}

Status PayloadReader::read_block(uint64_t block, std::span<const PayloadPart> parts) const {
  const uint64_t begin = layout_.block_offset(block);
  const uint64_t end = begin + layout_.block_bytes(block);
  uint32_t crc = 0;
  for (const PayloadPart& part : parts) {
    const uint64_t from = std::max(begin, part.offset);
    const uint64_t to = std::min(end, part.offset + part.bytes);
    if (from >= to) continue;
    uint8_t* target = part.to + (from - part.offset);
    VAMANA_TRY(file_->read_at(kHeaderBytes + from, target, to - from));
    crc = crc32c(crc, target, to - from);
  }
  return check_block(table_.data(), layout_, block, crc, file_->path());
}

std::vector<Status> PayloadReader::read_blocks(uint64_t first, uint64_t count, std::span<const PayloadPart> parts,
                                               size_t failures_max, ThreadPool& pool) const {
  std::mutex mutex;
  std::vector<Failure> failures;
  std::atomic<bool> enough{false};
  pool.parallel_for(count, kBlocksPerChunk, [&](size_t begin, size_t end, size_t) {
    for (uint64_t block = first + begin; block < first + end && !enough.load(std::memory_order_relaxed); ++block) {
      Status status = read_block(block, parts);
      if (status.ok()) continue;
      std::lock_guard lock(mutex);
      failures.push_back(Failure{block, std::move(status)});
      if (failures.size() >= failures_max) enough.store(true, std::memory_order_relaxed);
    }
  });
  std::sort(failures.begin(), failures.end(), [](const Failure& a, const Failure& b) { return a.block < b.block; });
  std::vector<Status> out;
  for (Failure& failure : failures) out.push_back(std::move(failure.status));
  return out;
}

Status PagePadding::check(const std::string& path) const {
  return check_zero({bytes_.data(), part_.bytes}, kHeaderBytes + part_.offset, path);
}

Status check_zero(std::span<const uint8_t> bytes, uint64_t offset, const std::string& path) {
  const auto found = std::find_if(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte != 0; });
  if (found == bytes.end()) return Status();
  return Status(Code::kCorrupt, format("%s: at offset %llu: byte is 0x%02x, expected zero padding", path.c_str(),
                                       static_cast<unsigned long long>(offset + (found - bytes.begin())), *found));
}

}  // namespace vamana
