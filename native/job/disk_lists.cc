#include "job/disk_lists.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace vamana {

namespace {

// Lists read at once: packing asks for them in runs of 64.
constexpr uint64_t kBlockLists = 64;
constexpr uint64_t kWriteLists = 4096;

struct Block {
  uint64_t reader = 0;
  uint64_t first = 0, count = 0;
  std::vector<uint32_t> lists;
};

uint64_t next_reader() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

}  // namespace

Result<File> make_nameless_file(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  VAMANA_ASSIGN(File file, File::create(path));
  if (::unlink(path.c_str()) != 0) return errno_status(errno, "remove", path);
  return file;
}

Result<DiskLists> DiskLists::write(const std::string& folder, const BuildGraph& graph,
                                   const std::vector<uint32_t>& node_at) {
  DiskLists out;
  out.rows_ = node_at.size();
  out.width_ = graph.places() + 1;
  VAMANA_ASSIGN(out.file_, make_nameless_file(folder, "lists"));
  std::vector<uint32_t> block;
  for (uint64_t first = 0; first < out.rows_; first += kWriteLists) {
    const uint64_t count = std::min(kWriteLists, out.rows_ - first);
    block.assign(count * out.width_, 0);
    for (uint64_t i = 0; i < count; ++i) {
      const auto list = graph.list(node_at[first + i]);
      uint32_t* const to = block.data() + i * out.width_;
      to[0] = static_cast<uint32_t>(list.size());
      std::copy(list.begin(), list.end(), to + 1);
    }
    VAMANA_TRY(out.file_.append(block.data(), block.size() * sizeof(uint32_t)));
  }
  return out;
}

Status DiskLists::read(uint64_t first, uint64_t count, uint32_t* to) const {
  const uint64_t list_bytes = width_ * sizeof(uint32_t);
  return file_.read_at(first * list_bytes, to, count * list_bytes);
}

DiskListReader::DiskListReader(const DiskLists& lists) : lists_(lists), number_(next_reader()) {}

std::span<const uint32_t> DiskListReader::list(uint32_t place) {
  thread_local Block block;
  if (block.reader != number_ || place < block.first || place >= block.first + block.count) {
    block.reader = number_;
    block.first = place / kBlockLists * kBlockLists;
    block.count = std::min(kBlockLists, lists_.rows() - block.first);
    block.lists.resize(block.count * lists_.width());
    const Status status = lists_.read(block.first, block.count, block.lists.data());
    if (!status.ok()) {
      block.reader = 0;
      const std::lock_guard lock(mutex_);
      failed_ = status;
      return {};
    }
  }
  const uint32_t* const at = block.lists.data() + (place - block.first) * lists_.width();
  return {at + 1, at[0]};
}

Status DiskListReader::status() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

}  // namespace vamana
