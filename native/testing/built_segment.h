// Segments built from made-up vectors by the library's own build, for tests of searching and of the build.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "delta/delta.h"
#include "job/build_job.h"
#include "testing/synthetic.h"

namespace vamana::testing {

// How a test file lays its rows.
enum class RowLayout { kPlain, kPrefixed, kBehindHeader };

// Writes the set as a vector file; the shape says how it lies.
VectorFileShape write_vector_file(const VectorSet& set, const std::string& path, RowLayout layout = RowLayout::kPlain);

// Options of a quick build of that file: degree 16, build list 40, codes of 16 bytes, two threads.
BuildOptions quick_build(const VectorFileShape& source, const std::string& dir, Metric metric = Metric::kL2);

// Builds without cancelling or listening.
Result<BuildReport> build(const BuildOptions& options);

// A file and a segment at `dir` in one step; a failure ends the process.
void build_segment(const VectorSet& set, const std::string& dir, Metric metric = Metric::kL2);

// All rows of a delta as a segment, as a flush makes it.
void build_segment(std::shared_ptr<const Delta> delta, const std::string& dir);

}  // namespace vamana::testing
