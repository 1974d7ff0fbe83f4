#include "io/page_map.h"

#include <limits.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace vamana {

void coalesce_ranges(std::vector<PageRange>* ranges) {
  if (ranges->empty()) return;
  std::sort(ranges->begin(), ranges->end(), [](const PageRange& a, const PageRange& b) { return a.page < b.page; });
  size_t last = 0;
  for (size_t i = 1; i < ranges->size(); ++i) {
    const PageRange next = (*ranges)[i];
    PageRange& current = (*ranges)[last];
    if (next.page <= current.page + current.pages) {
      current.pages = std::max(current.pages, next.page + next.pages - current.page);
    } else {
      (*ranges)[++last] = next;
    }
  }
  ranges->resize(last + 1);
}

Result<std::unique_ptr<PageMap>> PageMap::open(const File& file, uint64_t pages) {
  std::unique_ptr<PageMap> map(new PageMap());
  map->pages_ = pages;
  const uint64_t bytes = pages * kPageBytes;
  if (bytes == 0) return map;
  void* address = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file.fd(), 0);
  if (address == MAP_FAILED) {
    const int error = errno;
    const Status status = errno_status(error, format("map %llu bytes of", 1ull * bytes), file.path());
    return error == ENOMEM ? Status(Code::kMemoryLimit, status.message()) : status;
  }
  map->data_ = static_cast<uint8_t*>(address);
  // Without it a fault reads the neighbourhood too, which the search does not want.
  ::madvise(address, bytes, MADV_RANDOM);
#if defined(SYS_pidfd_open) && defined(SYS_process_madvise)
  map->self_ = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
  map->one_call_.store(map->self_ >= 0, std::memory_order_relaxed);
#endif
  return map;
}

PageMap::~PageMap() {
  if (self_ >= 0) ::close(self_);
  if (data_ != nullptr) ::munmap(data_, pages_ * kPageBytes);
}

void PageMap::will_need(std::span<const PageRange> ranges) const {
  if (ranges.size() > 1 && advise_in_one_call(ranges)) return;
  for (const auto& range : ranges) ::madvise(data_ + range.page * kPageBytes, range.pages * kPageBytes, MADV_WILLNEED);
}

bool PageMap::advise_in_one_call(std::span<const PageRange> ranges) const {
#if defined(SYS_process_madvise)
  if (!one_call_.load(std::memory_order_relaxed)) return false;
  iovec vectors[IOV_MAX];
  while (!ranges.empty()) {
    const size_t count = std::min<size_t>(ranges.size(), IOV_MAX);
    for (size_t i = 0; i < count; ++i) {
      vectors[i] = {data_ + ranges[i].page * kPageBytes, ranges[i].pages * kPageBytes};
    }
    if (::syscall(SYS_process_madvise, self_, vectors, count, MADV_WILLNEED, 0) < 0) {
      // Not in this kernel, or forbidden by a sandbox: it will not change its mind.
      if (errno == ENOSYS || errno == EPERM || errno == EINVAL) one_call_.store(false, std::memory_order_relaxed);
      return false;
    }
    ranges = ranges.subspan(count);
  }
  return true;
#else
  (void)ranges;
  return false;
#endif
}

}  // namespace vamana
