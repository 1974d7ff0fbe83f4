// The four files of a segment folder, opened and their headers judged: what opening, verifying and
// inspecting begin with. Nothing of the bodies is read here.
#pragma once

#include <array>
#include <string>

#include "base/status.h"
#include "format/segment_format.h"
#include "io/file.h"

namespace vamana {

constexpr std::array<FileKind, 4> kFileKinds = {FileKind::kVectors, FileKind::kGraph, FileKind::kCodes,
                                                FileKind::kRows};

std::string segment_file_path(const std::string& dir, FileKind kind);

// NOT_FOUND, naming it, when `dir` is absent or no folder.
Status check_segment_folder(const std::string& dir);

Result<SegmentHeader> read_header(const File& file, FileKind kind);

// CORRUPT when the file's size is not what its header says.
Status check_file_size(const File& file, const SegmentHeader& header);

// CORRUPT when two files are not of one segment: uuid, rows, dimension, element and metric must be equal.
Status check_same_segment(const SegmentHeader& a, const SegmentHeader& b, const std::string& dir);

struct SegmentHeaders {
  SegmentHeader vectors, graph, codes, rows;
};

struct SegmentFiles {
  File vectors, graph, codes, rows;
  SegmentHeaders headers;
};

// Opens all; NOT_FOUND names the folder or file that is missing. All checks above hold afterwards.
Result<SegmentFiles> open_segment_files(const std::string& dir);

}  // namespace vamana
