// Reads the payload of graph.seg or codes.seg straight to where it will stay, block by block, each checked
// against the file's checksum table as it arrives; blocks go in parallel over the pool. Opening and
// verifying use it; searches never do.
//
// Thread safety: const after open; read_block() from many threads, on parts that do not overlap.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/thread_pool.h"
#include "format/block_checksums.h"
#include "io/file.h"

namespace vamana {

// A stretch of the padded payload and where its bytes go. Parts stand in order, without gaps.
struct PayloadPart {
  uint64_t offset = 0;  // from the start of the payload
  uint64_t bytes = 0;
  uint8_t* to = nullptr;
};

class PayloadReader {
 public:
  // Reads and checks the checksum table. `file` must outlive the reader; REQUIRES check_file_size() passed.
  static Result<PayloadReader> open(const File& file, const SegmentHeader& header);

  const BlockLayout& layout() const { return layout_; }

  // Reads one block into the parts that it touches. CORRUPT with its offset when its checksum differs.
  // REQUIRES parts that cover the block.
  Status read_block(uint64_t block, std::span<const PayloadPart> parts) const;

  // Reads blocks [first, first + count) in parallel. The failures in order of their place; once there are
  // `failures_max` of them the blocks not yet begun are left out.
  std::vector<Status> read_blocks(uint64_t first, uint64_t count, std::span<const PayloadPart> parts,
                                  size_t failures_max, ThreadPool& pool) const;

 private:
  PayloadReader(const File& file, uint64_t payload_bytes) : file_(&file), layout_(payload_bytes) {}

  const File* file_;
  BlockLayout layout_;
  std::vector<uint8_t> table_;
};

// The zeros from a payload's end to the end of its last page: read as the last part, then checked.
class PagePadding {
 public:
  explicit PagePadding(const BlockLayout& layout)
      : part_{layout.payload_bytes(), layout.padded_bytes() - layout.payload_bytes(), bytes_.data()} {}
  PagePadding(const PagePadding&) = delete;
  PagePadding& operator=(const PagePadding&) = delete;

  const PayloadPart& part() const { return part_; }
  Status check(const std::string& path) const;

 private:
  std::array<uint8_t, kHeaderBytes> bytes_{};
  const PayloadPart part_;
};

// CORRUPT with the place of the first byte that is not zero; `offset` is that of bytes[0] in the file.
Status check_zero(std::span<const uint8_t> bytes, uint64_t offset, const std::string& path);

}  // namespace vamana
