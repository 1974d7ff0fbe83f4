#include "job/memory_build.h"

#include <algorithm>

#include "graph/build_space.h"
#include "graph/locality_order.h"
#include "graph/vamana_builder.h"

namespace vamana {

namespace {

constexpr uint64_t kReadWindowBytes = 4 << 20;

Result<AlignedBuffer> read_all(BuildRun& run) {
  const uint64_t rows = run.rows(), row_bytes = run.vector_bytes();
  VAMANA_ASSIGN(AlignedBuffer vectors, AlignedBuffer::create(rows * row_bytes));
  const uint64_t window = std::max<uint64_t>(1, kReadWindowBytes / row_bytes);
  for (uint64_t first = 0; first < rows; first += window) {
    VAMANA_TRY(run.source->read_rows(first, std::min(window, rows - first), vectors.data() + first * row_bytes));
    VAMANA_TRY(run.proceed(first, rows));
  }
  return vectors;
}

}  // namespace

Status load_vectors(BuildRun& run) {
  VAMANA_ASSIGN(AlignedBuffer vectors, read_all(run));
  run.vectors = std::make_unique<MemoryVectors>(std::move(vectors), run.vector_bytes());
  return Status();
}

Status read_into_memory(BuildRun& run) {
  const VectorFileShape& source = run.options.source;
  VAMANA_TRY(open_source(run));
  VAMANA_ASSIGN(AlignedBuffer vectors, read_all(run));
  VAMANA_ASSIGN(run.row_of, locality_order(vectors.data(), run.rows(), source.dim, source.element, run.options.seed,
                                           run.pool, run.cancel));
  permute_records(vectors.data(), run.vector_bytes(), run.row_of);
  run.vectors = std::make_unique<MemoryVectors>(std::move(vectors), run.vector_bytes());
  return run.proceed(run.rows(), run.rows());
}

Status link_in_memory(BuildRun& run) {
  const VectorFileShape& source = run.options.source;
  const auto& vectors = static_cast<const MemoryVectors&>(*run.vectors);
  const BuildSpace space(vectors.data(), run.rows(), source.dim, source.element, run.options.metric, run.pool);
  VamanaParams params;
  params.prune = {run.options.degree, run.options.alpha};
  params.build_list = run.options.build_list;
  params.seed = run.options.seed;
  VAMANA_ASSIGN(VamanaResult built, build_vamana(space, params, run.pool, run.cancel,
                                                 [&](uint64_t done, uint64_t total) { run.tick(done, total); }));
  run.graph = std::move(built.graph);
  run.entries = {built.medoid};
  run.report.repaired = built.repaired;
  return Status();
}

}  // namespace vamana
