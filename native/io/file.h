// A file descriptor with an owner, and the few whole-file operations that must not be half done.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/status.h"

namespace vamana {

class File {
 public:
  File() = default;
  static Result<File> open_read(const std::string& path);
  static Result<File> create(const std::string& path);  // ALREADY_EXISTS when it stands

  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  int fd() const { return fd_; }
  const std::string& path() const { return path_; }
  bool is_open() const { return fd_ >= 0; }

  Result<uint64_t> size() const;
  // Reads exactly `size` bytes at `offset`, resuming short reads; CORRUPT when the file ends before.
  Status read_at(uint64_t offset, void* to, size_t size) const;
  // Appends at the file's own position, resuming short writes.
  Status append(const void* from, size_t size);
  Status write_at(uint64_t offset, const void* from, size_t size);
  Status sync();
  // Tells the kernel that these pages will not be wanted again, so that a scan does not push out others.
  void drop_cache(uint64_t offset, uint64_t size) const;

 private:
  int fd_ = -1;
  std::string path_;
};

Status sync_directory(const std::string& path);
Status rename_path(const std::string& from, const std::string& to);
// Removes a folder and the plain files in it; absent is fine.
Status remove_folder(const std::string& path);

}  // namespace vamana
