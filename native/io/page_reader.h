// Page readers: how the vectors of a query come from the disk. One interface, three ways (io_uring,
// pread pool, memory map), one contract suite (page_reader_test.cc) that all three pass.
//
// A PageReader is one of the ways, for any number of files; it and the files it opened may be used from any
// thread. A ReadSession belongs to one thread: it is made, used and destroyed there, before its reader. It
// reads any file of its reader, several in one batch. A PageBatch is owned by the caller and must stay where
// it is, with its buffers and the files it names, from submit() until reap() hands it back or the session is
// gone.
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

struct PageFile;  // io/page_file.h

struct PageRequest {
  const PageFile* file = nullptr;  // opened by the session's reader
  uint64_t page = 0;               // first page, in units of kPageBytes from the start of the file
  uint32_t pages = 1;              // how many, 1 to kMaxRequestPages
  uint8_t* buffer = nullptr;       // room for them, aligned to 4096; the memory map leaves it untouched
  const uint8_t* data = nullptr;   // out: where the bytes are (the buffer, or inside the map); null when it failed
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
  // REQUIRES at least one request. Requests wholly or partly past the end of their file fail with CORRUPT.
  virtual void submit(PageBatch* batch) = 0;

  // A finished batch, or nullptr: at once when `wait` is false, else only when none is in flight.
  virtual PageBatch* reap(bool wait) = 0;

  // Lets go of what it keeps of files that are closed by now. To be called now and then by a session that
  // lives longer than files do: until it is, a closed file that was removed may still take its room on disk.
  virtual void forget_closed_files() {}
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
  // Closed when the last holder lets go of it. CORRUPT when its size is not a multiple of kPageBytes;
  // NOT_FOUND, INVALID_ARGUMENT, IO.
  virtual Result<std::shared_ptr<const PageFile>> open_file(const std::string& path) = 0;
  virtual Result<std::unique_ptr<ReadSession>> open_session(const SessionOptions& options) = 0;
  // Of the reader; what differs from file to file (`direct`, and why not) is added by facts_with().
  virtual ReaderFacts facts() const = 0;
};

ReaderFacts facts_with(ReaderFacts facts, const PageFile& file);

// A reader of the kind asked for. kAuto prefers io_uring, then the pread pool, both with O_DIRECT where the
// file system has it; falls back in silence and says so in facts().note. UNSUPPORTED when a named kind
// cannot be had.
// The environment variable VAMANA_IO_DISABLE_URING=1 makes io_uring behave as if the kernel refused it,
// so that the fallback can be tested and a suspicion against io_uring checked.
Result<std::unique_ptr<PageReader>> open_page_reader(IoKind kind);

}  // namespace vamana
