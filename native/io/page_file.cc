#include "io/page_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/aligned_buffer.h"
#include "base/check.h"

namespace vamana {

namespace {

uint64_t next_file_number() {
  static std::atomic<uint64_t> opened{0};
  return opened.fetch_add(1, std::memory_order_relaxed);
}

// Turns O_DIRECT on if the file system has it; returns why not, or nothing. Asking is not enough: some file
// systems accept the flag and then refuse the read, so one page is read.
Result<std::string> try_direct(const PageFile& file) {
  const int fd = file.file.fd();
  struct statfs facts;
  // These accept the flag and copy from the page cache all the same.
  if (::fstatfs(fd, &facts) == 0 && (facts.f_type == TMPFS_MAGIC || facts.f_type == RAMFS_MAGIC)) {
    return std::string("the file system is in memory: reads are buffered");
  }
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_DIRECT) != 0) {
    return format("the file system refused O_DIRECT (%s): reads are buffered", std::strerror(errno));
  }
  if (file.pages == 0) return std::string();
  VAMANA_ASSIGN(AlignedBuffer page, AlignedBuffer::create(kPageBytes));
  ssize_t got;
  do {
    got = ::pread(fd, page.data(), kPageBytes, 0);
  } while (got < 0 && errno == EINTR);
  // A failure of another kind is not O_DIRECT's: the reads themselves will tell.
  if (got >= 0 || (errno != EINVAL && errno != EOPNOTSUPP)) return std::string();
  const int error = errno;
  if (::fcntl(fd, F_SETFL, flags) != 0) return errno_status(errno, "clear O_DIRECT of", file.path());
  return format("the file system refused a read with O_DIRECT (%s): reads are buffered", std::strerror(error));
}

}  // namespace

Result<std::shared_ptr<PageFile>> open_page_file(const std::string& path, Caching caching) {
  auto opened = std::make_shared<PageFile>();
  opened->number = next_file_number();
  VAMANA_ASSIGN(opened->file, File::open_read(path));
  VAMANA_ASSIGN(const uint64_t size, opened->file.size());
  if (size % kPageBytes != 0) {
    return Status(Code::kCorrupt, format("open %s: it has %llu bytes, expected a multiple of %llu: it was cut short; "
                                         "restore or rebuild it",
                                         path.c_str(), 1ull * size, 1ull * kPageBytes));
  }
  opened->pages = size / kPageBytes;
  if (caching == Caching::kBuffered) return opened;
  VAMANA_ASSIGN(opened->note, try_direct(*opened));
  opened->direct = opened->note.empty();
  return opened;
}

Result<std::shared_ptr<PageFile>> make_memory_page() {
  auto made = std::make_shared<PageFile>();
  made->number = next_file_number();
  made->pages = 1;
  VAMANA_ASSIGN(made->file, File::create_in_memory(kPageBytes));
  return made;
}

Status check_request(const PageRequest& request, uint64_t pages) {
  if (request.file == nullptr) return Status(Code::kInvalidArgument, "a request that names no file");
  const std::string& path = request.file->path();
  if (request.pages == 0 || request.pages > kMaxRequestPages) {
    return Status(Code::kInvalidArgument, format("read %s: a request of %u pages, expected 1 to %u", path.c_str(),
                                                 request.pages, kMaxRequestPages));
  }
  if (request.page >= pages || request.pages > pages - request.page) {
    return Status(
        Code::kCorrupt,
        format("read %s: %u pages at page %llu (byte %llu) reach past its end, it has %llu pages", path.c_str(),
               request.pages, 1ull * request.page, 1ull * request_offset(request), 1ull * pages));
  }
  return Status();
}

Status check_buffered_request(const PageRequest& request) {
  VAMANA_TRY(check_request(request, request.file == nullptr ? 0 : request.file->pages));
  if (request.buffer == nullptr || reinterpret_cast<uintptr_t>(request.buffer) % kPageBytes != 0) {
    return Status(Code::kInvalidArgument, format("read %s: the buffer for page %llu is not aligned to %llu bytes",
                                                 request.file->path().c_str(), 1ull * request.page, 1ull * kPageBytes));
  }
  return Status();
}

void begin_batch(PageBatch* batch) {
  VAMANA_CHECK(!batch->requests.empty());
  batch->status = Status();
  batch->pending = static_cast<uint32_t>(batch->requests.size());
  for (auto& request : batch->requests) request.data = nullptr;
}

bool end_request(PageBatch* batch, PageRequest* request, const uint8_t* data, Status status) {
  request->data = status.ok() ? data : nullptr;
  if (!status.ok() && batch->status.ok()) batch->status = std::move(status);
  VAMANA_CHECK(batch->pending > 0);
  return --batch->pending == 0;
}

}  // namespace vamana
