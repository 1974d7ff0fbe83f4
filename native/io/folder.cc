// The folder half of io/file.h: making names durable, renaming, removing.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>
#include <vector>

#include "io/file.h"

namespace vamana {

Status sync_directory(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno_status(errno, "open folder", path);
  int error = 0;
  while (::fsync(fd) != 0) {
    if (errno == EINTR) continue;
    error = errno;
    break;
  }
  ::close(fd);
  // Some network file systems answer EINVAL because their folders have nothing to sync.
  if (error == 0 || error == EINVAL) return Status();
  return errno_status(error, "sync folder", path);
}

Status rename_path(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return errno_status(errno, "rename " + from + " to", to);
  return Status();
}

namespace {

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

// The names in an open folder; INVALID_ARGUMENT when one of them is a folder.
Status list_plain_files(DIR* directory, const std::string& path, std::vector<std::string>* names) {
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory);
    if (entry == nullptr) break;
    const std::string_view name(entry->d_name);
    if (name == "." || name == "..") continue;
    struct stat facts;
    if (::fstatat(::dirfd(directory), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
      return errno_status(errno, "stat", path + "/" + entry->d_name);
    }
    if (S_ISDIR(facts.st_mode)) {
      return Status(Code::kInvalidArgument, "remove " + path + ": it holds the folder " + std::string(name) +
                                                ", expected only files; nothing was removed");
    }
    names->emplace_back(name);
  }
  return errno == 0 ? Status() : errno_status(errno, "list", path);
}

}  // namespace

Status remove_folder(const std::string& given) {
  std::string path = given;
  // "link/" would be resolved before O_NOFOLLOW looks at it.
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return Status();
  if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
    return Status(Code::kInvalidArgument, "remove " + path + ": it is a link or a file, expected a folder");
  }
  if (fd < 0) return errno_status(errno, "open folder", path);
  const Directory directory(::fdopendir(fd), &::closedir);
  if (directory == nullptr) {
    const int error = errno;
    ::close(fd);
    return errno_status(error, "list", path);
  }
  std::vector<std::string> names;
  VAMANA_TRY(list_plain_files(directory.get(), path, &names));
  for (const auto& name : names) {
    if (::unlinkat(fd, name.c_str(), 0) != 0 && errno != ENOENT)
      return errno_status(errno, "remove", path + "/" + name);
  }
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return errno_status(errno, "remove folder", path);
  return Status();
}

}  // namespace vamana
