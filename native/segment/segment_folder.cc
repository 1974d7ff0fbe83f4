#include "segment/segment_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "io/file.h"

namespace vamana {

namespace {

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status already_exists(const std::string& path) {
  return Status(
      Code::kAlreadyExists,
      format("%s exists already; a segment is never written over: remove it or choose another folder", path.c_str()));
}

// ALREADY_EXISTS when anything, a dangling link too, stands at `path`.
Status check_absent(const std::string& path) {
  struct stat facts;
  if (::lstat(path.c_str(), &facts) == 0) return already_exists(path);
  return errno == ENOENT ? Status() : errno_status(errno, "look for", path);
}

}  // namespace

Result<Uuid> make_uuid() {
  Uuid uuid;
  if (::getentropy(uuid.data(), uuid.size()) != 0) return errno_status(errno, "get random bytes for", "a uuid");
  uuid[6] = static_cast<uint8_t>((uuid[6] & 0x0F) | 0x40);
  uuid[8] = static_cast<uint8_t>((uuid[8] & 0x3F) | 0x80);
  return uuid;
}

Result<SegmentFolder> SegmentFolder::create(const std::string& dir, const Uuid& uuid) {
  const std::string target = without_trailing_slashes(dir);
  if (target.empty()) return Status(Code::kInvalidArgument, "the segment's folder has no name");
  VAMANA_TRY(check_absent(target));
  std::string temporary = target + ".tmp-" + uuid_text(uuid);
  if (::mkdir(temporary.c_str(), 0777) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return errno_status(errno, "write a segment into", parent_of(target));
    return errno_status(errno, "make folder", temporary);
  }
  return SegmentFolder(target, std::move(temporary));
}

SegmentFolder::SegmentFolder(std::string target, std::string temporary)
    : target_(std::move(target)), temporary_(std::move(temporary)) {}

SegmentFolder::SegmentFolder(SegmentFolder&& other) noexcept
    : target_(std::move(other.target_)),
      temporary_(std::move(other.temporary_)),
      owned_(std::exchange(other.owned_, false)) {}

SegmentFolder::~SegmentFolder() {
  // Nothing can be reported from here; what stays behind is harmless, as the head of this file says.
  if (owned_) static_cast<void>(remove_folder(temporary_).ok());
}

Status SegmentFolder::publish() {
  VAMANA_TRY(sync_directory(temporary_));
  VAMANA_TRY(rename_new(temporary_, target_));
  owned_ = false;
  return sync_directory(parent_of(target_));
}

Status rename_new(const std::string& from, const std::string& to) {
#ifdef RENAME_NOREPLACE
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return Status();
  if (errno == EEXIST) return already_exists(to);
  // Old kernels, and file systems such as some network ones, lack the flag.
  if (errno != EINVAL && errno != ENOSYS) return errno_status(errno, "rename " + from + " to", to);
#endif
  return rename_new_checked(from, to);
}

Status rename_new_checked(const std::string& from, const std::string& to) {
  VAMANA_TRY(check_absent(to));
  const Status renamed = rename_path(from, to);
  return renamed.code() == Code::kAlreadyExists ? already_exists(to) : renamed;
}

}  // namespace vamana
