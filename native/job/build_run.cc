#include "job/build_run.h"

#include <algorithm>

#include "base/check.h"
#include "graph/reachability.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace vamana {

Status open_source(BuildRun& run) {
  const VectorFileShape& shape = run.options.source;
  run.source = run.options.row_source;
  if (run.source == nullptr) {
    VAMANA_ASSIGN(VectorFile file, VectorFile::open(shape));
    run.source = std::make_shared<VectorFile>(std::move(file));
  }
  if (run.options.throttle != nullptr) {
    run.source = std::make_shared<ThrottledRows>(run.source, run.options.throttle, run.cancel);
  }
  if (run.source->rows() == shape.rows && run.source->dim() == shape.dim && run.source->element() == shape.element) {
    return Status();
  }
  return Status(Code::kInvalidArgument,
                format("a source of %llu rows of dimension %u, the build was planned for %llu of dimension %u",
                       static_cast<unsigned long long>(run.source->rows()), run.source->dim(),
                       static_cast<unsigned long long>(shape.rows), shape.dim));
}

Status sample_vectors(BuildRun& run, uint64_t count, float* out) {
  constexpr uint64_t kWindowBytes = 1 << 20;
  const uint64_t window = std::max<uint64_t>(1, kWindowBytes / run.vector_bytes());
  std::vector<uint32_t> nodes;
  std::vector<uint8_t> bytes(std::min(window, count) * run.vector_bytes());
  for (uint64_t first = 0; first < count; first += window) {
    if (run.cancel.cancelled()) return aborted_status("the build");
    nodes.clear();
    for (uint64_t i = first; i < std::min(count, first + window); ++i) {
      nodes.push_back(static_cast<uint32_t>(i * run.rows() / count));
    }
    VAMANA_TRY(run.vectors->fetch(nodes, bytes.data(), run.pool));
    run.pool.parallel_for(nodes.size(), 256, [&](size_t begin, size_t end, size_t) {
      for (size_t i = begin; i < end; ++i) {
        run.widen(bytes.data() + i * run.vector_bytes(), out + (first + i) * run.options.source.dim);
      }
    });
  }
  return Status();
}

void count_unreachable(BuildRun& run) {
  std::vector<bool> reached(run.rows(), false);
  uint64_t count = 0;
  for (const uint32_t entry : run.entries) {
    count += mark_reachable(
        entry, [&run](uint32_t node) { return run.graph.list(node); }, reached);
  }
  run.report.unreachable = run.rows() - count;
  VAMANA_CHECK(run.report.unreachable == 0);
}

void release_freed_memory() {
#if defined(__GLIBC__)
  ::malloc_trim(0);
#endif
}

}  // namespace vamana
