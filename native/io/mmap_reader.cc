#include "io/mmap_reader.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "io/page_file.h"
#include "io/page_map.h"

namespace vamana {

namespace {

class MmapSession final : public ReadSession {
 public:
  void submit(PageBatch* batch) override {
    begin_batch(batch);
    finished_.push_back(batch);
    // A search puts the pages of one file side by side, so each file is asked for its size once.
    for (size_t begin = 0, end; begin < batch->requests.size(); begin = end) {
      const PageFile* const file = batch->requests[begin].file;
      for (end = begin + 1; end < batch->requests.size() && batch->requests[end].file == file;) ++end;
      submit_to(file, batch, begin, end);
    }
  }

  PageBatch* reap(bool) override {
    if (finished_.empty()) return nullptr;
    PageBatch* batch = finished_.front();
    finished_.pop_front();
    return batch;
  }

 private:
  // The requests [begin, end) of the batch, all of one file.
  void submit_to(const PageFile* file, PageBatch* batch, size_t begin, size_t end) {
    const PageMap* const map = file == nullptr ? nullptr : file->map.get();
    Status refused;
    if (map == nullptr) refused = Status(Code::kInvalidArgument, "a request that names no mapped file");
    uint64_t pages = 0;
    if (refused.ok()) {
      const auto size = file->file.size();
      refused = size.status();
      // A file that shrank: pages beyond its end would answer with SIGBUS.
      if (size.ok()) pages = std::min(file->pages, size.value() / kPageBytes);
    }
    wanted_.clear();
    for (size_t i = begin; i < end; ++i) {
      PageRequest& request = batch->requests[i];
      Status status = refused.ok() ? check_request(request, pages) : refused;
      const uint8_t* data = nullptr;
      if (status.ok()) {
        wanted_.push_back({request.page, request.pages});
        data = map->page(request.page);
      }
      end_request(batch, &request, data, std::move(status));
    }
    coalesce_ranges(&wanted_);
    if (!wanted_.empty()) map->will_need(wanted_);
  }

  std::vector<PageRange> wanted_;  // scratch of submit
  std::deque<PageBatch*> finished_;
};

class MmapReader final : public PageReader {
 public:
  Result<std::shared_ptr<const PageFile>> open_file(const std::string& path) override {
    VAMANA_ASSIGN(const std::shared_ptr<PageFile> file, open_page_file(path, Caching::kBuffered));
    VAMANA_ASSIGN(file->map, PageMap::open(file->file, file->pages));
    return std::shared_ptr<const PageFile>(file);
  }

  Result<std::unique_ptr<ReadSession>> open_session(const SessionOptions&) override {
    return std::unique_ptr<ReadSession>(std::make_unique<MmapSession>());
  }

  ReaderFacts facts() const override { return {IoKind::kMmap, false, false, ""}; }
};

}  // namespace

Result<std::unique_ptr<PageReader>> open_mmap_reader() {
  return std::unique_ptr<PageReader>(std::make_unique<MmapReader>());
}

}  // namespace vamana
