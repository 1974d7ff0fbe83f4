#include "base/status.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace vamana {

std::string_view code_name(Code code) {
  switch (code) {
    case Code::kOk:
      return "OK";
    case Code::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case Code::kNotFound:
      return "NOT_FOUND";
    case Code::kAlreadyExists:
      return "ALREADY_EXISTS";
    case Code::kBadVectorFile:
      return "BAD_VECTOR_FILE";
    case Code::kNotFinite:
      return "NOT_FINITE";
    case Code::kCorrupt:
      return "CORRUPT";
    case Code::kTooNew:
      return "TOO_NEW";
    case Code::kTooOld:
      return "TOO_OLD";
    case Code::kUnsupported:
      return "UNSUPPORTED";
    case Code::kIo:
      return "IO";
    case Code::kDiskFull:
      return "DISK_FULL";
    case Code::kMemoryLimit:
      return "MEMORY_LIMIT";
    case Code::kBusy:
      return "BUSY";
    case Code::kLocked:
      return "LOCKED";
    case Code::kClosed:
      return "CLOSED";
    case Code::kAborted:
      return "ABORTED";
    case Code::kInternal:
      return "INTERNAL";
  }
  return "INTERNAL";
}

Status errno_status(int error, std::string_view what, std::string_view path) {
  Code code = Code::kIo;
  if (error == ENOENT || error == ENOTDIR) code = Code::kNotFound;
  if (error == EEXIST || error == ENOTEMPTY) code = Code::kAlreadyExists;
  if (error == ENOSPC || error == EDQUOT) code = Code::kDiskFull;
  std::string message(what);
  message.append(" ").append(path).append(": ").append(std::strerror(error));
  return Status(code, std::move(message));
}

std::string format(const char* pattern, ...) {
  va_list arguments;
  va_start(arguments, pattern);
  va_list measured;
  va_copy(measured, arguments);
  const int length = std::vsnprintf(nullptr, 0, pattern, measured);
  va_end(measured);
  std::string text(length > 0 ? static_cast<size_t>(length) : 0, '\0');
  if (length > 0) std::vsnprintf(text.data(), text.size() + 1, pattern, arguments);
  va_end(arguments);
  return text;
}

}  // namespace vamana
