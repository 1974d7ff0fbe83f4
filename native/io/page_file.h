// What the three page readers share: an opened file with its size in pages, whether O_DIRECT is in force,
// and the bookkeeping of a batch. It reads nothing but one page at opening, to learn whether O_DIRECT works.
//
// Thread safety: constant after open.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "io/file.h"
#include "io/page_reader.h"
#include "io/read_progress.h"

namespace vamana {

class PageMap;

struct PageFile : std::enable_shared_from_this<PageFile> {
  File file;
  uint64_t pages = 0;
  bool direct = false;
  std::string note;                    // why not direct, when it was asked for
  uint64_t number = 0;                 // of all files that this process opened so: never used again
  std::shared_ptr<const PageMap> map;  // of the mmap reader; null in others

  uint32_t alignment() const { return direct ? kDirectAlignment : 1; }
  const std::string& path() const { return file.path(); }
};

enum class Caching { kDirectIfPossible, kBuffered };

// CORRUPT when the size is not a multiple of kPageBytes; NOT_FOUND, IO.
Result<std::shared_ptr<PageFile>> open_page_file(const std::string& path, Caching caching);

inline uint64_t request_offset(const PageRequest& request) { return request.page * kPageBytes; }
inline uint32_t request_bytes(const PageRequest& request) { return static_cast<uint32_t>(request.pages * kPageBytes); }

// A file of one page that has no name and lives in memory.
Result<std::shared_ptr<PageFile>> make_memory_page();

// CORRUPT when the request reaches past page `pages` of its file, INVALID_ARGUMENT when it asks for none or too
// many, or names no file.
Status check_request(const PageRequest& request, uint64_t pages);
// The same, for readers that fill the request's buffer: it must be there and aligned.
Status check_buffered_request(const PageRequest& request);

// At submit: REQUIRES at least one request.
void begin_batch(PageBatch* batch);
// Once a request, in any order, and by one thread at a time; true when it was the last of its batch. `data`
// is null for a failed request.
bool end_request(PageBatch* batch, PageRequest* request, const uint8_t* data, Status status);

}  // namespace vamana
