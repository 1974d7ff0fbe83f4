#include "format/block_checksums.h"

#include <algorithm>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"

namespace vamana {

namespace {

constexpr size_t kEntryBytes = sizeof(uint32_t);

void append_entry(std::vector<uint8_t>* table, uint32_t crc) {
  table->resize(table->size() + kEntryBytes);
  store_le(table->data() + table->size() - kEntryBytes, crc);
}

}  // namespace

BlockLayout::BlockLayout(uint64_t payload_bytes)
    : payload_bytes_(payload_bytes),
      padded_bytes_(round_up(payload_bytes, kHeaderBytes)),
      blocks_(div_up(padded_bytes_, kChecksumBlockBytes)),
      table_bytes_(round_up(blocks_ * kEntryBytes, kHeaderBytes)) {}

uint32_t BlockLayout::block_bytes(uint64_t block) const {
  return static_cast<uint32_t>(std::min<uint64_t>(kChecksumBlockBytes, padded_bytes_ - block_offset(block)));
}

void BlockSums::add(const void* data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  while (size > 0) {
    const size_t take = std::min<size_t>(size, kChecksumBlockBytes - filled_);
    crc_ = crc32c(crc_, bytes, take);
    filled_ += static_cast<uint32_t>(take);
    bytes += take;
    size -= take;
    if (filled_ < kChecksumBlockBytes) continue;
    append_entry(&table_, crc_);
    crc_ = 0;
    filled_ = 0;
  }
}

std::vector<uint8_t> BlockSums::finish() {
  VAMANA_CHECK(filled_ % kHeaderBytes == 0);
  if (filled_ > 0) append_entry(&table_, crc_);
  table_.resize(round_up(table_.size(), kHeaderBytes));
  return std::move(table_);
}

Status check_table(const uint8_t* table, const BlockLayout& layout, uint32_t table_crc, const std::string& path) {
  const uint64_t at = kHeaderBytes + layout.padded_bytes();
  const uint32_t computed = crc32c(0, table, layout.table_bytes());
  if (computed != table_crc) {
    return Status(Code::kCorrupt,
                  format("%s: the checksum table at offset %llu (%llu bytes) sums to %08x, the header says %08x",
                         path.c_str(), static_cast<unsigned long long>(at),
                         static_cast<unsigned long long>(layout.table_bytes()), computed, table_crc));
  }
  for (uint64_t i = layout.blocks() * kEntryBytes; i < layout.table_bytes(); ++i) {
    if (table[i] == 0) continue;
    return Status(Code::kCorrupt, format("%s: at offset %llu: byte is 0x%02x, expected zero after the checksum table",
                                         path.c_str(), static_cast<unsigned long long>(at + i), table[i]));
  }
  return Status();
}

Status check_block(const uint8_t* table, const BlockLayout& layout, uint64_t block, uint32_t crc,
                   const std::string& path) {
  const auto expected = load_le<uint32_t>(table + block * kEntryBytes);
  if (crc == expected) return Status();
  return Status(Code::kCorrupt,
                format("%s: the block at offset %llu (%u bytes) sums to %08x, its checksum table says %08x; "
                       "restore the file from a copy or build the segment again",
                       path.c_str(), static_cast<unsigned long long>(kHeaderBytes + layout.block_offset(block)),
                       layout.block_bytes(block), crc, expected));
}

uint32_t slot_checksum(uint64_t slot, const uint8_t* data, uint32_t slot_bytes) {
  uint8_t number[sizeof slot];
  store_le(number, slot);
  return crc32c(crc32c(0, number, sizeof number), data, slot_bytes - sizeof(uint32_t));
}

}  // namespace vamana
