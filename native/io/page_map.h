// A file mapped whole, and advice about its pages. Used by the mmap reader alone.
//
// Thread safety: const after open; any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "io/file.h"
#include "io/page_reader.h"

namespace vamana {

struct PageRange {
  uint64_t page = 0;
  uint64_t pages = 0;
  bool operator==(const PageRange&) const = default;
};

// Sorts the ranges and merges those that touch or overlap.
void coalesce_ranges(std::vector<PageRange>* ranges);

class PageMap {
 public:
  // Maps `pages` pages; the file may be closed afterwards. MEMORY_LIMIT when there is no room in the address space.
  static Result<std::unique_ptr<PageMap>> open(const File& file, uint64_t pages);
  ~PageMap();

  const uint8_t* page(uint64_t page) const { return data_ + page * kPageBytes; }

  // Asks for the pages to be read. One system call where the kernel lets a process advise itself through
  // process_madvise, else one a range. REQUIRES ranges inside the file. Advice: failures are not reported.
  void will_need(std::span<const PageRange> ranges) const;

 private:
  PageMap() = default;
  bool advise_in_one_call(std::span<const PageRange> ranges) const;

  uint64_t pages_ = 0;
  uint8_t* data_ = nullptr;
  int self_ = -1;                              // a pidfd of this process
  mutable std::atomic<bool> one_call_{false};  // process_madvise has not been refused yet
};

}  // namespace vamana
