// Status and Result: how every native layer reports failure. No exception crosses a layer.
//
// A code is stable: scripts and the TypeScript catalogue (src/errors.ts) match on its name, so a code
// is never renamed or given a second meaning. The message says what was found, where (file, offset),
// what was expected and what to do.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace vamana {

enum class Code {
  kOk,
  kInvalidArgument,  // the caller passed something that can never work
  kNotFound,         // a file or folder that must exist does not
  kAlreadyExists,    // the target of a build stands already
  kBadVectorFile,    // a source file breaks its format: truncated, dimension changes, wrong magic
  kNotFinite,        // NaN or infinity in a vector
  kCorrupt,          // a checksum or an invariant of our own files does not hold
  kTooNew,           // written by a later version
  kTooOld,           // written by a version no longer read
  kUnsupported,      // valid, but this build or machine cannot do it
  kIo,               // the system refused a read, write or sync
  kDiskFull,         // ENOSPC or EDQUOT
  kMemoryLimit,      // the work cannot be done within the memory allowed
  kBusy,             // a bounded queue is full; try again later
  kLocked,           // another process holds the folder
  kClosed,           // the handle was closed
  kAborted,          // cancelled by the caller
  kInternal,         // an invariant of the code is broken: a bug
};

// The name scripts see, such as "CORRUPT".
std::string_view code_name(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

// "open /a/b: No such file or directory", with the code that fits `error` (an errno value).
Status errno_status(int error, std::string_view what, std::string_view path);

// printf-style message building without a stream.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

// A value or the Status that explains its absence. REQUIRES of value(): ok().
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(std::move(status)) {}

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return *std::move(value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

// Leaves the calling function with the status when `expression` fails.
#define VAMANA_TRY(expression)                             \
  do {                                                     \
    ::vamana::Status vamana_try_status = (expression);     \
    if (!vamana_try_status.ok()) return vamana_try_status; \
  } while (0)

#define VAMANA_CONCAT_(a, b) a##b
#define VAMANA_CONCAT(a, b) VAMANA_CONCAT_(a, b)

// VAMANA_ASSIGN(auto file, File::open(path)): declares the value or leaves with the status.
#define VAMANA_ASSIGN(declaration, expression)                                                  \
  auto VAMANA_CONCAT(result_, __LINE__) = (expression);                                         \
  if (!VAMANA_CONCAT(result_, __LINE__).ok()) return VAMANA_CONCAT(result_, __LINE__).status(); \
  declaration = std::move(VAMANA_CONCAT(result_, __LINE__)).value()

}  // namespace vamana
