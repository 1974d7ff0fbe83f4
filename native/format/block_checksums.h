// Checksums of graph.seg and codes.seg: the payload, zero-padded to whole pages, is cut into blocks of 64 KiB
// with a CRC-32C each; the table of them follows the payload. segment_format.h is the authority; this is
// its arithmetic and the summing. Slots of vectors.seg carry their own and have nothing to do with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "format/segment_format.h"

namespace vamana {

// Where blocks and table lie. Offsets count from the start of the body (file offset kHeaderBytes).
class BlockLayout {
 public:
  // REQUIRES payload_bytes at most 2^60.
  explicit BlockLayout(uint64_t payload_bytes);

  uint64_t payload_bytes() const { return payload_bytes_; }
  uint64_t padded_bytes() const { return padded_bytes_; }  // where the table begins
  uint64_t blocks() const { return blocks_; }
  uint64_t block_offset(uint64_t block) const { return block * kChecksumBlockBytes; }
  uint32_t block_bytes(uint64_t block) const;
  uint64_t table_bytes() const { return table_bytes_; }  // padding included
  uint64_t body_bytes() const { return padded_bytes_ + table_bytes_; }

 private:
  uint64_t payload_bytes_, padded_bytes_, blocks_, table_bytes_;
};

// Sums a padded payload that comes in pieces of any size. One thread.
class BlockSums {
 public:
  void add(const void* data, size_t size);
  // Ends the last block and returns the table as it stands in the file, padding included.
  std::vector<uint8_t> finish();

 private:
  std::vector<uint8_t> table_;
  uint32_t crc_ = 0;
  uint32_t filled_ = 0;  // bytes of the block under way
};

// The sum that a slot of vectors.seg ends in: over its number (u64) and its bytes but the last four. The
// number makes a slot that stands in another's place fail as a damaged one does.
uint32_t slot_checksum(uint64_t slot, const uint8_t* data, uint32_t slot_bytes);

// The table of a file as it was read. CORRUPT when it does not match the header's checksum of it or its
// padding is not zero. REQUIRES layout.table_bytes() bytes.
Status check_table(const uint8_t* table, const BlockLayout& layout, uint32_t table_crc, const std::string& path);

// CORRUPT when a block's bytes do not sum to its entry in the table. `crc` is the sum of the bytes read.
Status check_block(const uint8_t* table, const BlockLayout& layout, uint64_t block, uint32_t crc,
                   const std::string& path);

}  // namespace vamana
