// One io_uring: the kernel's submission and completion queues over raw system calls. It knows of entries and
// numbers, not of batches or files; uring_session drives it.
//
// The queues are memory shared with the kernel. Of each index one side is the writer: we store with release
// after filling an entry, and load the kernel's with acquire before reading one. That acquire load of the
// completion tail is also what orders the bytes a read brought before our use of them.
//
// Thread safety: one thread, the one that created it (IORING_SETUP_SINGLE_ISSUER).
#pragma once

#include <linux/io_uring.h>
#include <sys/uio.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "base/status.h"

namespace vamana {

class UringRing {
 public:
  static constexpr uint32_t kMaxEntries = 4096;

  // Room for at least `entries` (1 to kMaxEntries) submissions at once and twice as many completions.
  // UNSUPPORTED, with the reason, when the kernel refuses or is too old (before 5.6).
  static Result<std::unique_ptr<UringRing>> create(uint32_t entries);
  ~UringRing();
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;

  // A table of `places` for files, all empty. False when the kernel refuses.
  bool register_file_table(uint32_t places);
  // Puts a file into a place of the table, or nothing (fd -1). Reads that the kernel has already go on with
  // the file that stood there before.
  bool set_registered_file(uint32_t place, int fd);
  // False when the kernel refuses, most often for RLIMIT_MEMLOCK.
  bool register_buffers(std::span<const iovec> buffers);

  // The next submission, zeroed. REQUIRES fewer than `entries` prepared and not yet taken by the kernel.
  io_uring_sqe& prepare();
  // Prepared and not yet taken.
  uint32_t unsubmitted() const;
  // Takes the last prepared submission back and returns its user_data. REQUIRES unsubmitted() > 0.
  uint64_t take_back();

  // One system call: hands over what is prepared and, when `wait_for` > 0, waits until so many completions
  // are there. Returns 0 or errno; either way some or all may have been taken.
  int enter(uint32_t wait_for);
  // System calls made by enter(), for tests and costs.
  uint64_t enters() const { return enters_; }

  // True when the kernel holds completions back until the next enter().
  bool completions_held() const;

  // Calls each(user_data, result) for every completion there is.
  template <typename Each>
  void drain(Each each) {
    uint32_t head = *completion_head_;
    const uint32_t tail = load(completion_tail_);
    for (; head != tail; ++head) {
      const io_uring_cqe& entry = completions_[head & completion_mask_];
      const uint64_t user_data = entry.user_data;
      const int32_t result = entry.res;
      each(user_data, result);
    }
    std::atomic_ref<uint32_t>(*completion_head_).store(head, std::memory_order_release);
  }

 private:
  explicit UringRing(int fd) : fd_(fd) {}
  Status map(const io_uring_params& params);
  static uint32_t load(uint32_t* index) { return std::atomic_ref<uint32_t>(*index).load(std::memory_order_acquire); }

  // Constant after create().
  int fd_;
  void* rings_ = nullptr;  // both queues' indexes and the completions, one mapping
  size_t rings_bytes_ = 0;
  io_uring_sqe* submissions_ = nullptr;
  size_t submissions_bytes_ = 0;
  uint32_t* submission_head_ = nullptr;
  uint32_t* submission_tail_ = nullptr;
  uint32_t* submission_flags_ = nullptr;
  uint32_t submission_mask_ = 0;
  uint32_t* completion_head_ = nullptr;
  uint32_t* completion_tail_ = nullptr;
  uint32_t completion_mask_ = 0;
  io_uring_cqe* completions_ = nullptr;

  uint32_t prepared_tail_ = 0;  // ours, published to the kernel by enter()
  uint64_t enters_ = 0;
};

}  // namespace vamana
