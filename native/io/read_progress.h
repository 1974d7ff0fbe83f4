// How far one read of a request has come, and what its next result means: done, go on, try again, give
// up. Pure arithmetic without a system call, so that every case can be tested; io_uring and the pread pool
// feed it the results they get.
//
// The rules, for a result of the system (bytes that came, or minus errno):
//   1. Enough bytes: done.
//   2. Fewer bytes: go on behind them. With O_DIRECT a read must begin on an aligned byte, so it goes on
//      from the last aligned one and reads a few bytes twice.
//   3. No bytes: the file ended early, which is CORRUPT: it had these bytes when it was opened.
//   4. Fewer bytes that bring nothing new, EINTR, EAGAIN or EBUSY: again, kMaxRetries times in a row. Then
//      the first means that the file ended inside an aligned unit (CORRUPT), the others are IO.
//   5. Any other error: IO, at once.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace vamana {

// What O_DIRECT asks of offsets, lengths and buffers on disks with 512-byte logical blocks. Disks with
// larger blocks never stop a read between two of them.
constexpr uint32_t kDirectAlignment = 512;

class ReadProgress {
 public:
  static constexpr uint32_t kMaxRetries = 32;

  enum class Step { kDone, kAgain, kFailed };

  ReadProgress() = default;
  // REQUIRES bytes > 0; `alignment` is a power of two, 1 for buffered reads.
  ReadProgress(uint32_t bytes, uint32_t alignment) : bytes_(bytes), alignment_(alignment) {}

  // The next read: from this byte of the request, this many.
  uint32_t position() const { return position_; }
  uint32_t remaining() const { return bytes_ - position_; }

  // REQUIRES result <= remaining().
  Step advance(int64_t result);

  // After kFailed: why, for a request that began at byte `offset` of `path`.
  Status failure(const std::string& path, uint64_t offset) const;

 private:
  Step retry_or_fail();

  uint32_t bytes_ = 0;
  uint32_t alignment_ = 1;
  uint32_t position_ = 0;
  uint32_t reached_ = 0;  // bytes that came so far; position_ is this, rounded down
  uint32_t retries_ = 0;  // in a row
  int error_ = 0;         // of the last result; 0 when it was a short read
};

}  // namespace vamana
