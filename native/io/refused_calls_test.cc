// What happens where a sandbox refuses system calls, as containers do: each test makes a process of its own,
// forbids one call there by a seccomp filter, and opens and reads.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>

#include "base/aligned_buffer.h"
#include "io/page_file.h"
#include "io/page_reader.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

constexpr uint64_t kFilePages = 64;

// From here on the call answers `error` in this process. False when the system has no seccomp.
bool forbid(long call, int error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<uint32_t>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {4, program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// Runs body() in a process where the call is forbidden. It returns what is wrong, or nothing.
template <typename Body>
void expect_without(long call, int error, Body body) {
  constexpr int kWrong = 1, kNoSeccomp = 2;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (!forbid(call, error)) ::_exit(kNoSeccomp);
    const std::string wrong = body();
    if (!wrong.empty()) std::fprintf(stderr, "%s\n", wrong.c_str());
    ::_exit(wrong.empty() ? 0 : kWrong);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  if (WEXITSTATUS(status) == kNoSeccomp) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(WEXITSTATUS(status), 0) << "what is wrong is printed above";
}

class RefusedCalls : public ::testing::Test {
 protected:
  void SetUp() override {
    content_ = testing::random_bytes(kFilePages * kPageBytes, 21);
    path_ = dir_.file("pages");
    testing::write_file(path_, content_);
  }

  // Reads every second page through one session; what is wrong, or nothing.
  std::string read_all(PageReader& reader) const {
    auto memory = AlignedBuffer::create(kFilePages * kPageBytes).value();
    SessionOptions options;
    options.buffer_arena = {memory.data(), memory.size()};
    auto file = reader.open_file(path_);
    if (!file.ok()) return file.status().message();
    auto session = reader.open_session(options);
    if (!session.ok()) return session.status().message();
    PageBatch batch;
    for (uint64_t page = 0; page < kFilePages; page += 2) {
      batch.requests.push_back(
          {.file = file.value().get(), .page = page, .pages = 1, .buffer = memory.data() + page * kPageBytes});
    }
    session.value()->submit(&batch);
    if (session.value()->reap(true) != &batch) return "the batch did not come back";
    if (!batch.status.ok()) return batch.status.message();
    for (const auto& request : batch.requests) {
      if (std::memcmp(request.data, content_.data() + request.page * kPageBytes, kPageBytes) != 0) return "wrong bytes";
    }
    return "";
  }

  // kAuto falls back to pread and says why; kUring is UNSUPPORTED.
  std::string falls_back() const {
    const auto named = open_page_reader(IoKind::kUring);
    if (named.ok()) return "io_uring was not refused";
    if (named.status().code() != Code::kUnsupported) return "not UNSUPPORTED: " + named.status().message();
    const auto reader = open_page_reader(IoKind::kAuto);
    if (!reader.ok()) return reader.status().message();
    const ReaderFacts facts = reader.value()->facts();
    if (facts.kind != IoKind::kPread) return "not pread";
    return facts.note.find("io_uring is refused") != std::string::npos ? "" : "the note says: " + facts.note;
  }

  testing::TempDir dir_;
  std::string path_;
  std::vector<uint8_t> content_;
};

TEST_F(RefusedCalls, NoRingMeansPread) {
  for (const int error : {EPERM, ENOSYS}) {
    expect_without(SYS_io_uring_setup, error, [this] { return falls_back(); });
  }
}

TEST_F(RefusedCalls, ARingThatCanNotBeUsedMeansPread) {
  expect_without(SYS_io_uring_enter, EPERM, [this] { return falls_back(); });
}

// A kernel that never has room ends in an answer too, after a while.
TEST_F(RefusedCalls, ARingThatIsAlwaysBusyMeansPread) {
  expect_without(SYS_io_uring_enter, EAGAIN, [this] { return falls_back(); });
}

TEST_F(RefusedCalls, UringReadsWithoutRegistrations) {
  expect_without(SYS_io_uring_register, ENOMEM, [this]() -> std::string {
    const auto reader = open_page_reader(IoKind::kUring);
    // Refused here for other reasons: nothing to see.
    if (!reader.ok() && reader.status().code() == Code::kUnsupported) return "";
    if (!reader.ok()) return reader.status().message();
    const std::string wrong = read_all(*reader.value());
    return reader.value()->facts().registered_buffers ? "buffers are registered" : wrong;
  });
}

TEST_F(RefusedCalls, TheMapAdvisesRangeByRange) {
  for (const long call : {SYS_process_madvise, SYS_pidfd_open}) {
    for (const int error : {EPERM, ENOSYS}) {
      expect_without(call, error, [this]() -> std::string {
        const auto reader = open_page_reader(IoKind::kMmap);
        return reader.ok() ? read_all(*reader.value()) : reader.status().message();
      });
    }
  }
}

TEST_F(RefusedCalls, ODirectThatOpensAndDoesNotReadIsDropped) {
  // Every pread is refused with EINVAL, as where O_DIRECT only seems to work; io_uring does not use it.
  expect_without(SYS_pread64, EINVAL, [this]() -> std::string {
    const auto reader = open_page_reader(IoKind::kPread);
    if (!reader.ok()) return reader.status().message();
    const auto file = reader.value()->open_file(path_);
    if (!file.ok()) return file.status().message();
    const ReaderFacts facts = facts_with(reader.value()->facts(), *file.value());
    if (facts.direct) return "direct is said to be in force";
    // On a file system in memory O_DIRECT was not even tried.
    const bool said = facts.note.find("buffered") != std::string::npos;
    return said ? "" : "the note says: " + facts.note;
  });
}

}  // namespace
}  // namespace vamana
