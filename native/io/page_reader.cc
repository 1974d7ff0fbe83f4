#include "io/page_reader.h"

#include "io/mmap_reader.h"
#include "io/page_file.h"
#include "io/pread_reader.h"
#include "io/uring_reader.h"

namespace vamana {

std::string_view io_kind_name(IoKind kind) {
  switch (kind) {
    case IoKind::kAuto:
      return "auto";
    case IoKind::kMmap:
      return "mmap";
    case IoKind::kUring:
      return "uring";
    case IoKind::kPread:
      return "pread";
  }
  return "unknown";
}

ReaderFacts facts_with(ReaderFacts facts, const PageFile& file) {
  facts.direct = file.direct;
  if (!facts.note.empty() && !file.note.empty()) facts.note += "; ";
  facts.note += file.note;
  return facts;
}

Result<std::unique_ptr<PageReader>> open_page_reader(IoKind kind) {
  if (kind == IoKind::kMmap) return open_mmap_reader();
  if (kind == IoKind::kPread) return open_pread_reader("");
  auto reader = open_uring_reader();
  if (reader.ok() || reader.status().code() != Code::kUnsupported) return reader;
  if (kind == IoKind::kAuto) return open_pread_reader(reader.status().message());
  return Status(Code::kUnsupported, reader.status().message() + "; choose auto, pread or mmap");
}

}  // namespace vamana
