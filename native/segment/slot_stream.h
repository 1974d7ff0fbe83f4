// Writes vectors.seg record by record: slots are filled in a bounded buffer, sealed with their CRC and
// appended. The segment writer owns one; nothing else does.
//
// Thread safety: none; one thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/aligned_buffer.h"
#include "base/status.h"
#include "format/segment_format.h"
#include "io/file.h"

namespace vamana {

class SlotStream {
 public:
  SlotStream() = default;
  // Makes the file and writes its header, which is known before the first record.
  static Result<SlotStream> create(const std::string& path, const SegmentHeader& header);

  // `vector` points to the dimension's elements. REQUIRES fewer records than the header's rows.
  Status append(const uint8_t* vector, uint32_t row);
  uint64_t records() const { return records_; }

  // Seals the last slot, writes what is left and syncs. REQUIRES as many records as the header's rows.
  Status finish();

 private:
  void seal_slot();
  Status flush();

  File file_;
  VectorsFields layout_;
  uint32_t slot_bytes_ = 0;
  AlignedBuffer buffer_;     // a whole number of slots, zero where nothing was put yet
  uint64_t sealed_ = 0;      // slots: the number of the one under way
  uint64_t filled_ = 0;      // bytes of sealed slots in the buffer; the slot under way begins there
  uint32_t in_slot_ = 0;     // records in the slot under way
  uint64_t records_ = 0;     // appended so far
  uint64_t written_ = 0;     // bytes of the file so far
  uint64_t dropped_to_ = 0;  // up to here the system was told twice to let go of the file's pages
};

}  // namespace vamana
