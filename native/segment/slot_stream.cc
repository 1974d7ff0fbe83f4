#include "segment/slot_stream.h"

#include <algorithm>
#include <cstring>

#include "base/coding.h"
#include "format/block_checksums.h"

namespace vamana {

namespace {

constexpr uint32_t kBufferBytes = 1 << 20;
constexpr uint32_t kCrcBytes = sizeof(uint32_t);
constexpr uint64_t kDropWindowBytes = 32 << 20;

}  // namespace

Result<SlotStream> SlotStream::create(const std::string& path, const SegmentHeader& header) {
  SlotStream stream;
  stream.layout_ = header.vectors;
  stream.slot_bytes_ = header.block_bytes;
  const uint32_t slots = std::max<uint32_t>(1, kBufferBytes / header.block_bytes);
  VAMANA_ASSIGN(stream.buffer_, AlignedBuffer::create(uint64_t{slots} * header.block_bytes));
  VAMANA_ASSIGN(stream.file_, File::create(path));
  uint8_t page[kHeaderBytes];
  encode_header(header, page);
  VAMANA_TRY(stream.file_.append(page, kHeaderBytes));
  stream.written_ = kHeaderBytes;
  return stream;
}

Status SlotStream::append(const uint8_t* vector, uint32_t row) {
  uint8_t* const record = buffer_.data() + filled_ + in_slot_ * layout_.record_bytes;
  const uint32_t vector_bytes = layout_.record_bytes - sizeof row;
  std::memcpy(record, vector, vector_bytes);
  store_le(record + vector_bytes, row);
  ++records_;
  if (++in_slot_ == layout_.records_per_slot) seal_slot();
  return filled_ == buffer_.size() ? flush() : Status();
}

void SlotStream::seal_slot() {
  uint8_t* const slot = buffer_.data() + filled_;
  const uint32_t covered = slot_bytes_ - kCrcBytes;
  store_le(slot + covered, slot_checksum(sealed_++, slot, slot_bytes_));
  filled_ += slot_bytes_;
  in_slot_ = 0;
}

Status SlotStream::flush() {
  if (filled_ == 0) return Status();
  VAMANA_TRY(file_.append(buffer_.data(), filled_));
  written_ += filled_;
  std::memset(buffer_.data(), 0, filled_);
  filled_ = 0;
  // Searches read this file past the page cache or at random, so its pages there would only push out others.
  // A call a window costs next to nothing: on dirty pages it starts their writing, and by the next call, one
  // window later, they are clean and go. So the final sync is short too. Graph and codes are left in the
  // cache: whoever opens the segment reads them at once.
  if (written_ - dropped_to_ >= 2 * kDropWindowBytes) {
    file_.drop_cache(dropped_to_, written_ - dropped_to_);
    dropped_to_ += kDropWindowBytes;
  }
  return Status();
}

Status SlotStream::finish() {
  if (in_slot_ > 0) seal_slot();
  VAMANA_TRY(flush());
  VAMANA_TRY(file_.sync());
  if (dropped_to_ > 0) file_.drop_cache(dropped_to_, written_ - dropped_to_);
  return Status();
}

}  // namespace vamana
