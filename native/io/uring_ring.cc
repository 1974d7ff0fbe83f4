#include "io/uring_ring.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/check.h"

// Flags younger than the headers of some systems that we build on; their values are the kernel's contract.
#ifndef IORING_SETUP_COOP_TASKRUN
#define IORING_SETUP_COOP_TASKRUN (1U << 8)
#endif
#ifndef IORING_SETUP_TASKRUN_FLAG
#define IORING_SETUP_TASKRUN_FLAG (1U << 9)
#endif
#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER (1U << 12)
#endif
#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN (1U << 13)
#endif
#ifndef IORING_SQ_TASKRUN
#define IORING_SQ_TASKRUN (1U << 2)
#endif

namespace vamana {

namespace {

// From the best to the plainest: completions worked off only when we ask for them (6.1), one thread promised
// (6.0), no interrupting of the thread for a completion (5.19), nothing. A kernel that does not know a flag
// answers EINVAL.
constexpr uint32_t kSetups[] = {
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    0,
};

// One mapping for both queues (5.4), no lost completions (5.5), and IORING_OP_READ, which came with
// the read position flag (5.6).
constexpr uint32_t kNeeded = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_RW_CUR_POS;

template <typename T>
T* at(void* base, uint32_t offset) {
  return reinterpret_cast<T*>(static_cast<uint8_t*>(base) + offset);
}

Status refused(const char* what, int error) {
  return Status(Code::kUnsupported, format("io_uring is refused here (%s: %s)", what, std::strerror(error)));
}

}  // namespace

Result<std::unique_ptr<UringRing>> UringRing::create(uint32_t entries) {
  VAMANA_CHECK(entries >= 1 && entries <= kMaxEntries);
  io_uring_params params;
  int fd = -1;
  for (const uint32_t setup : kSetups) {
    std::memset(&params, 0, sizeof params);
    params.flags = setup;
    fd = static_cast<int>(::syscall(SYS_io_uring_setup, entries, &params));
    if (fd >= 0 || errno != EINVAL) break;
  }
  if (fd < 0) return refused("io_uring_setup", errno);
  std::unique_ptr<UringRing> ring(new UringRing(fd));
  if ((params.features & kNeeded) != kNeeded) {
    return Status(Code::kUnsupported, "io_uring of this kernel is too old, expected 5.6 or later");
  }
  VAMANA_TRY(ring->map(params));
  return ring;
}

Status UringRing::map(const io_uring_params& params) {
  const size_t submission_end = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
  const size_t completion_end = params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe);
  rings_bytes_ = std::max(submission_end, completion_end);
  submissions_bytes_ = params.sq_entries * sizeof(io_uring_sqe);
  const int protection = PROT_READ | PROT_WRITE;
  const int flags = MAP_SHARED | MAP_POPULATE;
  void* rings = ::mmap(nullptr, rings_bytes_, protection, flags, fd_, IORING_OFF_SQ_RING);
  if (rings == MAP_FAILED) return refused("map the queues", errno);
  rings_ = rings;
  void* submissions = ::mmap(nullptr, submissions_bytes_, protection, flags, fd_, IORING_OFF_SQES);
  if (submissions == MAP_FAILED) return refused("map the submissions", errno);
  submissions_ = static_cast<io_uring_sqe*>(submissions);

  submission_head_ = at<uint32_t>(rings, params.sq_off.head);
  submission_tail_ = at<uint32_t>(rings, params.sq_off.tail);
  submission_flags_ = at<uint32_t>(rings, params.sq_off.flags);
  submission_mask_ = *at<uint32_t>(rings, params.sq_off.ring_mask);
  completion_head_ = at<uint32_t>(rings, params.cq_off.head);
  completion_tail_ = at<uint32_t>(rings, params.cq_off.tail);
  completion_mask_ = *at<uint32_t>(rings, params.cq_off.ring_mask);
  completions_ = at<io_uring_cqe>(rings, params.cq_off.cqes);
  // The queue is a ring of numbers of entries; ours are used in order, so each number stands for itself.
  uint32_t* numbers = at<uint32_t>(rings, params.sq_off.array);
  for (uint32_t i = 0; i < params.sq_entries; ++i) numbers[i] = i;
  prepared_tail_ = *submission_tail_;
  return Status();
}

UringRing::~UringRing() {
  if (submissions_ != nullptr) ::munmap(submissions_, submissions_bytes_);
  if (rings_ != nullptr) ::munmap(rings_, rings_bytes_);
  ::close(fd_);
}

bool UringRing::register_file_table(uint32_t places) {
  const std::vector<int> empty(places, -1);
  return ::syscall(SYS_io_uring_register, fd_, IORING_REGISTER_FILES, empty.data(), places) == 0;
}

bool UringRing::set_registered_file(uint32_t place, int fd) {
  io_uring_files_update update = {};
  update.offset = place;
  update.fds = reinterpret_cast<uint64_t>(&fd);
  return ::syscall(SYS_io_uring_register, fd_, IORING_REGISTER_FILES_UPDATE, &update, 1) == 1;
}

bool UringRing::register_buffers(std::span<const iovec> buffers) {
  return ::syscall(SYS_io_uring_register, fd_, IORING_REGISTER_BUFFERS, buffers.data(), buffers.size()) == 0;
}

io_uring_sqe& UringRing::prepare() {
  VAMANA_CHECK(unsubmitted() <= submission_mask_);
  io_uring_sqe& entry = submissions_[prepared_tail_ & submission_mask_];
  std::memset(&entry, 0, sizeof entry);
  ++prepared_tail_;
  return entry;
}

uint32_t UringRing::unsubmitted() const { return prepared_tail_ - load(submission_head_); }

uint64_t UringRing::take_back() {
  VAMANA_CHECK(unsubmitted() > 0);
  --prepared_tail_;
  // The kernel looks at the tail only inside enter(), so it can go back as well as forth.
  std::atomic_ref<uint32_t>(*submission_tail_).store(prepared_tail_, std::memory_order_release);
  return submissions_[prepared_tail_ & submission_mask_].user_data;
}

int UringRing::enter(uint32_t wait_for) {
  std::atomic_ref<uint32_t>(*submission_tail_).store(prepared_tail_, std::memory_order_release);
  const uint32_t flags = wait_for > 0 || completions_held() ? IORING_ENTER_GETEVENTS : 0;
  ++enters_;
  const long taken = ::syscall(SYS_io_uring_enter, fd_, unsubmitted(), wait_for, flags, nullptr, 0);
  return taken < 0 ? errno : 0;
}

bool UringRing::completions_held() const {
  return (load(submission_flags_) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

}  // namespace vamana
