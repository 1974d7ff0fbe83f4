#include "segment/verify.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "segment/reach_count.h"
#include "segment/segment_files.h"
#include "segment/verify_run.h"

namespace vamana {

std::vector<Status> WindowFindings::take() {
  std::stable_sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Status> out;
  for (auto& [offset, status] : found_) out.push_back(std::move(status));
  found_.clear();
  return out;
}

Status VerifyRun::note(Status problem) {
  switch (problem.code()) {
    case Code::kOk:
      return problem;
    case Code::kCorrupt:
    case Code::kNotFound:
    case Code::kTooNew:
    case Code::kTooOld:
    case Code::kUnsupported:
      ++problems_found_;
      if (report_.problems.size() < kProblemsMax) report_.problems.push_back(std::move(problem));
      return Status();
    default:
      return problem;
  }
}

Status VerifyRun::note_all(std::vector<Status> problems) {
  for (Status& problem : problems) VAMANA_TRY(note(std::move(problem)));
  return Status();
}

Status VerifyRun::advance(uint64_t blocks, uint64_t bytes) {
  report_.blocks_checked += blocks;
  report_.bytes_checked += bytes;
  if (progress_) progress_(report_.bytes_checked, bytes_expected_);
  return cancel_.cancelled() ? aborted_status("verifying") : Status();
}

namespace {

// One file of the folder as far as it could be trusted.
struct OpenedFile {
  std::optional<File> file;
  std::optional<SegmentHeader> header;
  bool body_readable = false;  // the size is what the header says
};

Status note_strangers(VerifyRun& run, const std::string& dir) {
  std::error_code error;
  std::vector<std::string> strangers;
  for (std::filesystem::directory_iterator at(dir, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    const bool ours = std::any_of(kFileKinds.begin(), kFileKinds.end(),
                                  [&](FileKind kind) { return name == segment_file_name(kind); });
    if (!ours) strangers.push_back(name);
  }
  if (error) return errno_status(error.value(), "list", dir);
  std::sort(strangers.begin(), strangers.end());
  for (const std::string& name : strangers) {
    VAMANA_TRY(run.note(Status(Code::kCorrupt, format("%s/%s: not a file of a segment, which has only vectors.seg, "
                                                      "graph.seg, codes.seg and rows.seg; move it elsewhere",
                                                      dir.c_str(), name.c_str()))));
  }
  return Status();
}

Status open_file(VerifyRun& run, const std::string& dir, FileKind kind, OpenedFile* out) {
  const std::string path = segment_file_path(dir, kind);
  auto file = File::open_read(path);
  // A folder or a pipe under the file's name is a fault of the segment, not of who asked.
  if (file.status().code() == Code::kInvalidArgument) {
    return run.note(Status(Code::kCorrupt, file.status().message()));
  }
  if (!file.ok()) return run.note(file.status());
  out->file = std::move(file).value();
  auto header = read_header(*out->file, kind);
  if (!header.ok()) return run.note(header.status());
  out->header = std::move(header).value();
  const Status size = check_file_size(*out->file, *out->header);
  out->body_readable = size.ok();
  if (size.ok()) run.expect_bytes(kHeaderBytes + out->header->body_bytes);
  return run.note(size);
}

Status compare_headers(VerifyRun& run, const std::string& dir, const std::array<OpenedFile, kFileKinds.size()>& files) {
  const SegmentHeader* first = nullptr;
  for (const OpenedFile& file : files) {
    if (!file.header) continue;
    if (first != nullptr) VAMANA_TRY(run.note(check_same_segment(*first, *file.header, dir)));
    if (first == nullptr) first = &*file.header;
  }
  if (first != nullptr) run.report().rows = first->rows;
  return Status();
}

Status verify_reach(VerifyRun& run, const std::string& path, const SegmentHeader& header, const PackedGraph& graph) {
  const std::span<const uint32_t> entries(header.graph.entries.data(), header.graph.entry_count);
  VAMANA_ASSIGN(const ReachCount count, count_unreachable(graph, entries, run.pool(), run.cancel()));
  run.report().unreachable = count.unreachable;
  if (count.unreachable == 0) return Status();
  return run.note(Status(
      Code::kCorrupt, format("%s: %llu of %llu nodes cannot be reached from the %zu entry nodes, the first is node %u; "
                             "searches cannot find them: build the segment again",
                             path.c_str(), static_cast<unsigned long long>(count.unreachable),
                             static_cast<unsigned long long>(header.rows), entries.size(), count.first_unreachable)));
}

}  // namespace

Result<VerifyReport> verify_segment(const std::string& dir, ThreadPool& pool, const CancelFlag& cancel,
                                    const VerifyProgress& progress) {
  VAMANA_TRY(check_segment_folder(dir));
  VerifyRun run(pool, cancel, progress);
  VAMANA_TRY(note_strangers(run, dir));
  std::array<OpenedFile, kFileKinds.size()> files;
  for (FileKind kind : kFileKinds) VAMANA_TRY(open_file(run, dir, kind, &files[static_cast<size_t>(kind)]));
  VAMANA_TRY(compare_headers(run, dir, files));

  const auto& [vectors, graph_file, codes, rows] = files;
  for (const OpenedFile& file : files) {
    if (file.header) VAMANA_TRY(run.advance(1, kHeaderBytes));
  }
  std::vector<uint32_t> row_of_node;
  if (rows.body_readable) VAMANA_TRY(verify_rows(run, *rows.file, *rows.header, &row_of_node));
  const bool comparable = vectors.header && row_of_node.size() == vectors.header->rows;
  if (!comparable) row_of_node.clear();
  if (vectors.body_readable) VAMANA_TRY(verify_vectors(run, *vectors.file, *vectors.header, row_of_node));
  if (codes.body_readable) VAMANA_TRY(verify_codes(run, *codes.file, *codes.header));
  if (graph_file.body_readable) {
    std::optional<PackedGraph> graph;
    VAMANA_TRY(verify_graph(run, *graph_file.file, *graph_file.header, &graph));
    if (graph) VAMANA_TRY(verify_reach(run, graph_file.file->path(), *graph_file.header, *graph));
  }
  return std::move(run.report());
}

}  // namespace vamana
