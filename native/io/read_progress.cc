#include "io/read_progress.h"

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace vamana {

ReadProgress::Step ReadProgress::advance(int64_t result) {
  VAMANA_CHECK(result <= static_cast<int64_t>(remaining()));
  if (result < 0) {
    error_ = static_cast<int>(-result);
    const bool transient = error_ == EINTR || error_ == EAGAIN || error_ == EBUSY;
    return transient ? retry_or_fail() : Step::kFailed;
  }
  error_ = 0;
  if (result == 0) return Step::kFailed;
  const uint32_t end = position_ + static_cast<uint32_t>(result);
  if (end == bytes_) return Step::kDone;
  if (end <= reached_) return retry_or_fail();
  reached_ = end;
  position_ = end & ~(alignment_ - 1);
  retries_ = 0;
  return Step::kAgain;
}

ReadProgress::Step ReadProgress::retry_or_fail() {
  if (retries_ == kMaxRetries) return Step::kFailed;
  ++retries_;
  return Step::kAgain;
}

Status ReadProgress::failure(const std::string& path, uint64_t offset) const {
  if (error_ != 0) {
    const char* tries = retries_ == kMaxRetries ? " (still so after many tries)" : "";
    return Status(Code::kIo, format("read %s: %u bytes at byte %llu: %s%s", path.c_str(), remaining(),
                                    1ull * offset + position_, std::strerror(error_), tries));
  }
  return Status(Code::kCorrupt,
                format("read %s: it ends at byte %llu, expected %u bytes at byte %llu: it was cut short after it "
                       "was opened; restore or rebuild it",
                       path.c_str(), 1ull * offset + reached_, bytes_, 1ull * offset));
}

}  // namespace vamana
