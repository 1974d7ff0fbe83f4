#include "io/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace vamana {

Result<File> File::open_read(const std::string& path) {
  // O_NONBLOCK so that a pipe is refused below rather than waited for; regular files ignore it.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return errno_status(errno, "open", path);
  File file(fd, path);
  struct stat facts;
  if (::fstat(fd, &facts) != 0) return errno_status(errno, "stat", path);
  if (!S_ISREG(facts.st_mode)) {
    return Status(
        Code::kInvalidArgument,
        "open " + path + ": a " + (S_ISDIR(facts.st_mode) ? "folder" : "device or pipe") + ", expected a regular file");
  }
  return file;
}

Result<File> File::create(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return errno_status(errno, "create", path);
  return File(fd, path);
}

Result<File> File::create_in_memory(uint64_t size) {
  const std::string name = "a file in memory";
  const int fd = ::memfd_create("vamana", MFD_CLOEXEC);
  if (fd < 0) return errno_status(errno, "create", name);
  File file(fd, name);
  if (::ftruncate(fd, static_cast<off_t>(size)) != 0) return errno_status(errno, "grow", name);
  return file;
}

File::File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
    path_ = std::move(other.path_);
  }
  return *this;
}

// The result of close is of no use here: what must be durable went through sync() before.
File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<uint64_t> File::size() const {
  struct stat facts;
  if (::fstat(fd_, &facts) != 0) return errno_status(errno, "stat", path_);
  return static_cast<uint64_t>(facts.st_size);
}

Status File::read_at(uint64_t offset, void* to, size_t size) const {
  auto* bytes = static_cast<uint8_t*>(to);
  size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(fd_, bytes + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_status(errno, format("read %zu bytes at byte %llu of", size, 1ull * offset), path_);
    if (got == 0) {
      return Status(Code::kCorrupt, format("read %s: it ends at byte %llu, expected %zu bytes at byte %llu",
                                           path_.c_str(), 1ull * offset + done, size, 1ull * offset));
    }
    done += static_cast<size_t>(got);
  }
  return Status();
}

namespace {

// Calls write(done) until `size` bytes are written; it answers like ::write.
template <typename Write>
Status write_all(const std::string& path, size_t size, Write write) {
  size_t done = 0;
  while (done < size) {
    const ssize_t put = write(done);
    if (put < 0 && errno == EINTR) continue;
    // No bytes and no error would loop for ever; POSIX leaves the case open, so it is an error here.
    if (put <= 0)
      return errno_status(put < 0 ? errno : EIO, format("write %zu of %zu bytes to", size - done, size), path);
    done += static_cast<size_t>(put);
  }
  return Status();
}

}  // namespace

Status File::append(const void* from, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(from);
  return write_all(path_, size, [&](size_t done) { return ::write(fd_, bytes + done, size - done); });
}

Status File::write_at(uint64_t offset, const void* from, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(from);
  return write_all(path_, size, [&](size_t done) {
    return ::pwrite(fd_, bytes + done, size - done, static_cast<off_t>(offset + done));
  });
}

Status File::sync() {
  while (::fsync(fd_) != 0) {
    if (errno != EINTR) return errno_status(errno, "sync", path_);
  }
  return Status();
}

void File::drop_cache(uint64_t offset, uint64_t size) const {
  ::posix_fadvise(fd_, static_cast<off_t>(offset), static_cast<off_t>(size), POSIX_FADV_DONTNEED);
}

}  // namespace vamana
