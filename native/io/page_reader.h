// Page readers: how the vectors of a query come from the disk. One interface, three ways (io_uring,
// pread pool, memory map), one contract suite (page_reader_test.cc) that all three pass.
//
// A PageReader stands for one open file and may be used from any thread. A ReadSession belongs to one
// thread: it is made, used and destroyed there, before its reader. A PageBatch is owned by the caller and
// must stay where it is, with its buffers, from submit() until reap() hands it back or the session is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vamana {

constexpr uint64_t kPageBytes = 4096;

enum class IoKind : uint32_t { kAuto = 0, kMmap = 1, kUring = 2, kPread = 3 };
std::string_view io_kind_name(IoKind kind);  // "auto", "mmap", "uring", "pread"

// Most pages of one request: its bytes fit 32 bits, and one read call.
constexpr uint32_t kMaxRequestPages = 1u << 18;

struct PageRequest {
  uint64_t page = 0;              // first page, in units of kPageBytes from the start of the file
  uint32_t pages = 1;             // how many, 1 to kMaxRequestPages
  uint8_t* buffer = nullptr;      // room for them, aligned to 4096; the memory map leaves it untouched
  const uint8_t* data = nullptr;  // out: where the bytes are (the buffer, or inside the map); null when it failed
};

struct PageBatch {
  std::vector<PageRequest> requests;
  Status status;          // out: the first failure of the batch; the other requests are served all the same
  uint32_t pending = 0;   // used by the session
  void* owner = nullptr;  // the caller's own
};

class ReadSession {
 public:
  // Waits for every read in flight before it returns: the buffers are free afterwards. Batches that were
  // not reaped are forgotten.
  virtual ~ReadSession() = default;

  // Starts all reads of the batch in one submission. Failures are reported by the batch's status at reap;
  // REQUIRES at least one request. Requests wholly or partly past the end of the file fail with CORRUPT.
  virtual void submit(PageBatch* batch) = 0;

  // A finished batch, or nullptr: at once when `wait` is false, else only when none is in flight.
  virtual PageBatch* reap(bool wait) = 0;
};

struct SessionOptions {
  uint32_t queue_depth = 256;            // most reads in flight; more are queued inside
  std::span<uint8_t> buffer_arena = {};  // registered with the kernel where it allows; may be empty. Its
                                         // memory must outlive the session
};

struct ReaderFacts {
  IoKind kind = IoKind::kPread;
  bool direct = false;              // O_DIRECT in force: the system's page cache is passed by
  bool registered_buffers = false;  // of the newest session
  std::string note;                 // why not the first choice, for `stats` and `doctor`; empty when it is
};

class PageReader {
 public:
  virtual ~PageReader() = default;
  virtual Result<std::unique_ptr<ReadSession>> open_session(const SessionOptions& options) = 0;
  virtual uint64_t pages() const = 0;
  virtual ReaderFacts facts() const = 0;
};

// Opens `path` with the kind asked for. kAuto prefers io_uring with O_DIRECT, then the pread pool; falls
// back in silence and says so in facts().note. UNSUPPORTED when a named kind cannot be had.
// REQUIRES a file whose size is a multiple of kPageBytes (else CORRUPT).
// The environment variable VAMANA_IO_DISABLE_URING=1 makes io_uring behave as if the kernel refused it,
// so that the fallback can be tested and a suspicion against io_uring checked.
Result<std::unique_ptr<PageReader>> open_page_reader(const std::string& path, IoKind kind);

}  // namespace vamana
