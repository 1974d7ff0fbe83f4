#include "testing/built_segment.h"

#include <cstdio>
#include <vector>

#include "base/check.h"
#include "base/coding.h"
#include "job/live_rows.h"
#include "testing/temp_dir.h"

namespace vamana::testing {

VectorFileShape write_vector_file(const VectorSet& set, const std::string& path, RowLayout layout) {
  const uint64_t prefix = layout == RowLayout::kPrefixed ? sizeof(uint32_t) : 0;
  VectorFileShape shape;
  shape.path = path;
  shape.rows = set.rows;
  shape.dim = set.dim;
  shape.element = set.element;
  shape.row_prefix = prefix != 0;
  shape.offset = layout == RowLayout::kBehindHeader ? 128 : 0;
  shape.stride = prefix + set.row_bytes();
  std::vector<uint8_t> bytes(shape.offset + shape.rows * shape.stride);
  for (uint32_t i = 0; i < set.rows; ++i) {
    uint8_t* const row = bytes.data() + shape.offset + i * shape.stride;
    if (prefix != 0) store_le<uint32_t>(row, set.dim);
    std::copy_n(set.row(i), set.row_bytes(), row + prefix);
  }
  write_file(path, bytes);
  return shape;
}

BuildOptions quick_build(const VectorFileShape& source, const std::string& dir, Metric metric) {
  BuildOptions options;
  options.source = source;
  options.dir = dir;
  options.metric = metric;
  options.degree = 16;
  options.build_list = 40;
  options.code_bytes = 16;
  options.threads = 2;
  return options;
}

Result<BuildReport> build(const BuildOptions& options) {
  CancelFlag cancel;
  return run_build(options, cancel, [](BuildStage, uint64_t, uint64_t) {});
}

void build_segment(const VectorSet& set, const std::string& dir, Metric metric) {
  const auto report = build(quick_build(write_vector_file(set, dir + ".vectors"), dir, metric));
  if (!report.ok()) std::fprintf(stderr, "%s\n", report.status().message().c_str());
  VAMANA_CHECK(report.ok());
}

void build_segment(std::shared_ptr<const Delta> delta, const std::string& dir) {
  const uint32_t rows = delta->rows();
  VectorFileShape shape;
  shape.rows = rows;
  shape.dim = delta->options().dim;
  shape.element = delta->options().element;
  BuildOptions options = quick_build(shape, dir, delta->options().metric);
  options.row_source = LiveRows::create({}, {{std::move(delta), rows}}, {}).value();
  const auto report = build(options);
  if (!report.ok()) std::fprintf(stderr, "%s\n", report.status().message().c_str());
  VAMANA_CHECK(report.ok());
}

}  // namespace vamana::testing
