// A zeroed, aligned, fixed-size allocation that can be locked in memory. Large ones come from mmap with
// transparent huge pages asked for, because a walk touches them at random and would miss the TLB.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/status.h"

namespace vamana {

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  // Zeroed and aligned to 4096 bytes. MEMORY_LIMIT when the system has no memory for it.
  static Result<AlignedBuffer> create(size_t bytes);

  AlignedBuffer(AlignedBuffer&& other) noexcept;
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept;
  ~AlignedBuffer();

  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

  // Tries mlock; false when the system's limit refuses, which is not an error.
  bool lock();
  bool locked() const { return locked_; }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t mapped_ = 0;
  bool locked_ = false;
};

}  // namespace vamana
