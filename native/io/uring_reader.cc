#include "io/uring_reader.h"

#include <atomic>
#include <cstdlib>
#include <string_view>

#include "base/aligned_buffer.h"
#include "io/page_file.h"
#include "io/uring_session.h"

namespace vamana {

namespace {

class UringReader final : public PageReader {
 public:
  Result<std::shared_ptr<const PageFile>> open_file(const std::string& path) override {
    VAMANA_ASSIGN(std::shared_ptr<const PageFile> file, open_page_file(path, Caching::kDirectIfPossible));
    return file;
  }

  Result<std::unique_ptr<ReadSession>> open_session(const SessionOptions& options) override {
    VAMANA_ASSIGN(auto session, UringSession::create(options));
    registered_buffers_.store(session->registered_buffers(), std::memory_order_relaxed);
    return std::unique_ptr<ReadSession>(std::move(session));
  }

  ReaderFacts facts() const override {
    return {IoKind::kUring, false, registered_buffers_.load(std::memory_order_relaxed), ""};
  }

 private:
  std::atomic<bool> registered_buffers_{false};
};

bool disabled_by_environment() {
  const char* value = std::getenv("VAMANA_IO_DISABLE_URING");
  return value != nullptr && std::string_view(value) == "1";
}

// Making a ring is not enough: a sandbox may let it be made and refuse its use, so one page is read. It is a
// page of a file in memory, because none of the caller's is open yet.
Status probe() {
  SessionOptions options;
  options.queue_depth = 1;
  VAMANA_ASSIGN(auto session, UringSession::create(options));
  VAMANA_ASSIGN(const std::shared_ptr<PageFile> file, make_memory_page());
  VAMANA_ASSIGN(AlignedBuffer page, AlignedBuffer::create(kPageBytes));
  PageBatch batch;
  batch.requests.push_back({.file = file.get(), .page = 0, .pages = 1, .buffer = page.data()});
  session->submit(&batch);
  session->reap(true);
  if (batch.status.code() != Code::kIo) return Status();
  return Status(Code::kUnsupported, "io_uring is refused here (" + batch.status.message() + ")");
}

}  // namespace

Result<std::unique_ptr<PageReader>> open_uring_reader() {
  if (disabled_by_environment()) {
    return Status(Code::kUnsupported, "io_uring is refused here (VAMANA_IO_DISABLE_URING=1)");
  }
  VAMANA_TRY(probe());
  return std::unique_ptr<PageReader>(std::make_unique<UringReader>());
}

}  // namespace vamana
