// A zeroed, aligned, fixed-size allocation that can be locked in memory.
//
// VAMANA_HUGE_PAGES=1 asks for transparent huge pages for all large ones. A walk touches them at random, and where a
// miss of the TLB is dear it is the faster for it. They are not asked for unless told to: where the system keeps
// looking which pages are in use, a virtual machine with page tables of its own has to map each huge one anew, and
// searches beside a build stand still for that (docs/ingest.md). All or none, since there a mixture is the worst of
// all.
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
