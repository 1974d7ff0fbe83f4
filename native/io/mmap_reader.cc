#include "io/mmap_reader.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "io/page_map.h"

namespace vamana {

namespace {

class MmapSession final : public ReadSession {
 public:
  explicit MmapSession(const PageMap& map) : map_(map) {}

  void submit(PageBatch* batch) override {
    begin_batch(batch);
    finished_.push_back(batch);
    const auto size = map_.file().file.size();
    if (!size.ok()) {
      for (auto& request : batch->requests) end_request(batch, &request, nullptr, size.status());
      return;
    }
    // A file that shrank: pages beyond its end would answer with SIGBUS.
    const uint64_t pages = std::min(map_.file().pages, size.value() / kPageBytes);
    wanted_.clear();
    for (auto& request : batch->requests) {
      Status status = check_request(request, map_.file().path(), pages);
      const uint8_t* data = nullptr;
      if (status.ok()) {
        wanted_.push_back({request.page, request.pages});
        data = map_.page(request.page);
      }
      end_request(batch, &request, data, std::move(status));
    }
    coalesce_ranges(&wanted_);
    map_.will_need(wanted_);
  }

  PageBatch* reap(bool) override {
    if (finished_.empty()) return nullptr;
    PageBatch* batch = finished_.front();
    finished_.pop_front();
    return batch;
  }

 private:
  const PageMap& map_;
  std::vector<PageRange> wanted_;  // scratch of submit
  std::deque<PageBatch*> finished_;
};

class MmapReader final : public PageReader {
 public:
  explicit MmapReader(std::unique_ptr<PageMap> map) : map_(std::move(map)) {}

  Result<std::unique_ptr<ReadSession>> open_session(const SessionOptions&) override {
    return std::unique_ptr<ReadSession>(std::make_unique<MmapSession>(*map_));
  }

  uint64_t pages() const override { return map_->file().pages; }

  ReaderFacts facts() const override { return {IoKind::kMmap, false, false, ""}; }

 private:
  std::unique_ptr<PageMap> map_;
};

}  // namespace

Result<std::unique_ptr<PageReader>> open_mmap_reader(const std::string& path) {
  VAMANA_ASSIGN(PageFile file, open_page_file(path, Caching::kBuffered));
  VAMANA_ASSIGN(auto map, PageMap::open(std::move(file)));
  return std::unique_ptr<PageReader>(std::make_unique<MmapReader>(std::move(map)));
}

}  // namespace vamana
