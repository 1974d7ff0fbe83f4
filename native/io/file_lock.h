// An exclusive lock on a file, held as long as this lives: how a database keeps a second process out of its
// folder. The system lets go of it when the process ends, however it ends, so nothing is ever left behind. The
// bytes of the file are not touched; what they say is the caller's.
//
// Two locks of one process exclude each other as those of two processes do.
//
// Thread safety: none needed; constant after creation.
#pragma once

#include <string>

#include "base/status.h"

namespace vamana {

class FileLock {
 public:
  // Makes the file when it is absent. LOCKED when another holds it; NOT_FOUND, IO.
  static Result<FileLock> acquire(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace vamana
