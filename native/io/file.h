// A file descriptor with an owner, and the few whole-file operations that must not be half done. Used by
// the page readers, the segment writer and the vector source; it knows nothing of what the bytes mean.
//
// Thread safety: the const methods and write_at may run on many threads; append belongs to one.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/status.h"

namespace vamana {

class File {
 public:
  File() = default;
  // NOT_FOUND; INVALID_ARGUMENT when it is not a regular file (a folder, a pipe, a device).
  static Result<File> open_read(const std::string& path);
  static Result<File> create(const std::string& path);  // ALREADY_EXISTS when it stands
  // A file of zeros that has no name and lives in memory.
  static Result<File> create_in_memory(uint64_t size);

  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  int fd() const { return fd_; }
  const std::string& path() const { return path_; }
  bool is_open() const { return fd_ >= 0; }

  Result<uint64_t> size() const;
  // Reads exactly `size` bytes at `offset`, resuming short reads; CORRUPT when the file ends before.
  Status read_at(uint64_t offset, void* to, size_t size) const;
  // Appends at the file's own position, resuming short writes. DISK_FULL leaves a part of it written.
  Status append(const void* from, size_t size);
  Status write_at(uint64_t offset, const void* from, size_t size);
  // Makes what was written durable. A failure must not be tried again on the same file: the system may
  // have dropped the pages it could not write, and a second call would report success.
  Status sync();
  // Tells the kernel that these pages will not be wanted again, so that a scan does not push out others.
  void drop_cache(uint64_t offset, uint64_t size) const;

 private:
  File(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  int fd_ = -1;
  std::string path_;
};

// Makes the names in a folder durable: needed after a file in it was created, renamed or removed.
Status sync_directory(const std::string& path);
// Replaces a file, or an empty folder by a folder; ALREADY_EXISTS when a folder with files stands at `to`.
Status rename_path(const std::string& from, const std::string& to);
// Removes a folder and the plain files in it; absent is fine. A link in it is removed, never followed.
// INVALID_ARGUMENT, with nothing removed, when it is itself a link or a file, or holds a folder.
Status remove_folder(const std::string& path);

}  // namespace vamana
