// Neighbour lists set aside on disk while the partitions of a large set are linked one by one, and read back
// once when they are merged. The file has no name: however the build ends, it is gone.
//
//   record := u32 node, u32 count, count x u32 neighbour
//
// Thread safety: none; one thread writes, then reads.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "io/file.h"

namespace vamana {

class ListSpill {
 public:
  // `degree`: no list is longer.
  static Result<ListSpill> create(const std::string& folder, uint32_t degree);

  Status append(uint32_t node, std::span<const uint32_t> list);
  // Ends the writing; next() begins with the first record.
  Status rewind();
  // REQUIRES rewind() before. False at the end. The list holds until the next call.
  Result<bool> next(uint32_t* node, std::span<const uint32_t>* list);

 private:
  Status refill();

  File file_;
  uint32_t degree_ = 0;
  std::vector<uint32_t> window_;
  size_t at_ = 0;       // of window_: where the next record begins
  uint64_t read_ = 0;   // u32s of the file that went through the window
  uint64_t words_ = 0;  // u32s of the whole file
};

}  // namespace vamana
