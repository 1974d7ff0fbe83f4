#include "segment/segment_files.h"

#include <sys/stat.h>

#include <cerrno>

namespace vamana {

namespace {

using ull = unsigned long long;

Status mismatch(const std::string& dir, const SegmentHeader& a, const SegmentHeader& b, const char* what,
                const std::string& in_a, const std::string& in_b) {
  return Status(Code::kCorrupt,
                format("%s: %s has %s %s, %s has %s; the files belong to different segments", dir.c_str(),
                       segment_file_name(a.kind), what, in_a.c_str(), segment_file_name(b.kind), in_b.c_str()));
}

Result<File> open_one(const std::string& dir, FileKind kind, SegmentHeader* header) {
  VAMANA_ASSIGN(File file, File::open_read(segment_file_path(dir, kind)));
  VAMANA_ASSIGN(*header, read_header(file, kind));
  VAMANA_TRY(check_file_size(file, *header));
  return file;
}

}  // namespace

std::string segment_file_path(const std::string& dir, FileKind kind) { return dir + "/" + segment_file_name(kind); }

Status check_segment_folder(const std::string& dir) {
  struct stat facts;
  if (::stat(dir.c_str(), &facts) != 0) return errno_status(errno, "open segment", dir);
  if (!S_ISDIR(facts.st_mode)) return errno_status(ENOTDIR, "open segment", dir);
  return Status();
}

Result<SegmentHeader> read_header(const File& file, FileKind kind) {
  uint8_t page[kHeaderBytes];
  VAMANA_TRY(file.read_at(0, page, kHeaderBytes));
  return decode_header(page, file.path(), kind);
}

Status check_file_size(const File& file, const SegmentHeader& header) {
  VAMANA_ASSIGN(const uint64_t size, file.size());
  const uint64_t expected = kHeaderBytes + header.body_bytes;
  if (size == expected) return Status();
  return Status(Code::kCorrupt,
                format("%s: the file has %llu bytes, its header says %llu: it is %s", file.path().c_str(), ull(size),
                       ull(expected), size < expected ? "truncated" : "longer than was written"));
}

Status check_same_segment(const SegmentHeader& a, const SegmentHeader& b, const std::string& dir) {
  if (a.uuid != b.uuid) return mismatch(dir, a, b, "uuid", uuid_text(a.uuid), uuid_text(b.uuid));
  if (a.rows != b.rows) {
    return mismatch(dir, a, b, "rows", format("%llu", ull(a.rows)), format("%llu", ull(b.rows)));
  }
  if (a.dim != b.dim) return mismatch(dir, a, b, "dimension", format("%u", a.dim), format("%u", b.dim));
  if (a.element != b.element) {
    return mismatch(dir, a, b, "element", std::string(element_name(a.element)), std::string(element_name(b.element)));
  }
  if (a.metric != b.metric) {
    return mismatch(dir, a, b, "metric", std::string(metric_name(a.metric)), std::string(metric_name(b.metric)));
  }
  return Status();
}

Result<SegmentFiles> open_segment_files(const std::string& dir) {
  VAMANA_TRY(check_segment_folder(dir));
  SegmentFiles files;
  SegmentHeaders& headers = files.headers;
  VAMANA_ASSIGN(files.vectors, open_one(dir, FileKind::kVectors, &headers.vectors));
  VAMANA_ASSIGN(files.graph, open_one(dir, FileKind::kGraph, &headers.graph));
  VAMANA_ASSIGN(files.codes, open_one(dir, FileKind::kCodes, &headers.codes));
  VAMANA_ASSIGN(files.rows, open_one(dir, FileKind::kRows, &headers.rows));
  VAMANA_TRY(check_same_segment(headers.vectors, headers.graph, dir));
  VAMANA_TRY(check_same_segment(headers.vectors, headers.codes, dir));
  VAMANA_TRY(check_same_segment(headers.vectors, headers.rows, dir));
  return files;
}

}  // namespace vamana
