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
  explicit UringReader(PageFile file) : file_(std::move(file)) {}

  Result<std::unique_ptr<ReadSession>> open_session(const SessionOptions& options) override {
    VAMANA_ASSIGN(auto session, UringSession::create(file_, options));
    registered_buffers_.store(session->registered_buffers(), std::memory_order_relaxed);
    return std::unique_ptr<ReadSession>(std::move(session));
  }

  uint64_t pages() const override { return file_.pages; }

  ReaderFacts facts() const override {
    return {IoKind::kUring, file_.direct, registered_buffers_.load(std::memory_order_relaxed), file_.note};
  }

 private:
  const PageFile file_;
  std::atomic<bool> registered_buffers_{false};
};

bool disabled_by_environment() {
  const char* value = std::getenv("VAMANA_IO_DISABLE_URING");
  return value != nullptr && std::string_view(value) == "1";
}

// Making a ring is not enough: a sandbox may let it be made and refuse its use, so one page is read.
Status probe(const PageFile& file) {
  SessionOptions options;
  options.queue_depth = 1;
  VAMANA_ASSIGN(auto session, UringSession::create(file, options));
  if (file.pages == 0) return Status();
  VAMANA_ASSIGN(AlignedBuffer page, AlignedBuffer::create(kPageBytes));
  PageBatch batch;
  batch.requests.push_back({.page = 0, .pages = 1, .buffer = page.data()});
  session->submit(&batch);
  session->reap(true);
  if (batch.status.code() != Code::kIo) return Status();
  return Status(Code::kUnsupported, "io_uring is refused here (" + batch.status.message() + ")");
}

}  // namespace

Result<std::unique_ptr<PageReader>> open_uring_reader(const std::string& path) {
  VAMANA_ASSIGN(PageFile file, open_page_file(path, Caching::kDirectIfPossible));
  if (disabled_by_environment()) {
    return Status(Code::kUnsupported, "io_uring is refused here (VAMANA_IO_DISABLE_URING=1)");
  }
  VAMANA_TRY(probe(file));
  return std::unique_ptr<PageReader>(std::make_unique<UringReader>(std::move(file)));
}

}  // namespace vamana
