#include "job/segment_output.h"

#include <algorithm>
#include <cstring>

#include "graph/packed_graph.h"
#include "job/calibrate.h"
#include "job/disk_lists.h"

namespace vamana {

namespace {

constexpr uint64_t kWindowBytes = 4 << 20;
constexpr uint64_t kWindowRows = 4096;

// Renumbers the lists in place, so that whoever reads them finds final numbers, and the entries with them.
void renumber(BuildRun& run) {
  std::vector<uint32_t> place_of(run.rows());
  for (uint64_t place = 0; place < run.rows(); ++place) place_of[run.node_at[place]] = static_cast<uint32_t>(place);
  run.pool.parallel_for(run.rows(), 4096, [&](size_t begin, size_t end, size_t) {
    std::vector<uint32_t> list;
    for (size_t node = begin; node < end; ++node) {
      list.clear();
      for (const uint32_t neighbour : run.graph.list(static_cast<uint32_t>(node))) list.push_back(place_of[neighbour]);
      run.graph.set(static_cast<uint32_t>(node), list);
    }
  });
  for (uint32_t& entry : run.entries) entry = place_of[entry];
}

Result<PackedGraph> pack(BuildRun& run) {
  const uint32_t degree = run.options.degree;
  if (!run.lists_on_disk) {
    return PackedGraph::pack(
        run.rows(), degree, [&](uint32_t place) { return run.graph.list(run.node_at[place]); }, run.pool);
  }
  // The limit is tight.
  VAMANA_ASSIGN(const DiskLists lists, DiskLists::write(run.writer->temporary_folder(), run.graph, run.node_at));
  run.graph = BuildGraph();
  DiskListReader reader(lists);
  VAMANA_ASSIGN(PackedGraph packed,
                PackedGraph::pack(
                    run.rows(), degree, [&](uint32_t place) { return reader.list(place); }, run.pool));
  VAMANA_TRY(reader.status());
  return packed;
}

Status write_graph(BuildRun& run) {
  renumber(run);
  VAMANA_ASSIGN(const PackedGraph packed, pack(run));
  run.graph = BuildGraph();
  run.report.bits_per_edge = packed.bits_per_edge();
  run.report.degree_mean = static_cast<double>(packed.packing().edges) / static_cast<double>(run.rows());
  const BuildOptions& options = run.options;
  const SegmentWriter::GraphFacts facts{options.build_list, options.alpha, options.seed, run.entries};
  return run.writer->write_graph(packed, facts);
}

// One pass over the vectors: each is fetched once, encoded unless its code is known, and appended.
Status write_rows(BuildRun& run) {
  CodeLayout layout = code_layout(run.codec->code_bytes());
  VAMANA_ASSIGN(AlignedBuffer codes, AlignedBuffer::create(code_area_bytes(layout, run.rows())));
  layout.codes = codes.data();
  const uint64_t bytes = run.vector_bytes();
  const uint64_t window = std::clamp<uint64_t>(kWindowBytes / bytes, 1, kWindowRows);
  std::vector<uint8_t> fetched(std::min(window, run.rows()) * bytes);
  std::vector<const uint8_t*> vectors;
  std::vector<uint32_t> ids;
  for (uint64_t first = 0; first < run.rows(); first += window) {
    const std::span<const uint32_t> nodes(run.node_at.data() + first, std::min(window, run.rows() - first));
    VAMANA_TRY(run.vectors->fetch(nodes, fetched.data(), run.pool));
    vectors.clear();
    ids.clear();
    for (size_t i = 0; i < nodes.size(); ++i) {
      vectors.push_back(fetched.data() + i * bytes);
      ids.push_back(run.row_id(nodes[i]));
    }
    run.pool.parallel_for(nodes.size(), 256, [&](size_t begin, size_t end, size_t) {
      std::vector<float> wide(run.options.source.dim);
      for (size_t i = begin; i < end; ++i) {
        uint8_t* const code = codes.data() + (layout.code(static_cast<uint32_t>(first + i)) - codes.data());
        if (run.known_code) {
          std::memcpy(code, run.known_code(nodes[i]), layout.code_bytes);
          continue;
        }
        run.widen(vectors[i], wide.data());
        run.codec->encode(wide.data(), code);
      }
    });
    if (run.options.throttle != nullptr) run.options.throttle->pass(nodes.size() * bytes, run.cancel);
    VAMANA_TRY(run.writer->append_vectors(vectors.data(), ids.data(), ids.size()));
    VAMANA_TRY(run.proceed(first, run.rows()));
  }
  return run.writer->write_codes(*run.codec, codes, run.code_error);
}

}  // namespace

Status write_segment(BuildRun& run) {
  VAMANA_TRY(calibrate(run));
  VAMANA_TRY(write_graph(run));
  release_freed_memory();
  VAMANA_TRY(write_rows(run));
  if (run.cancel.cancelled()) return aborted_status("the build");
  // Once it is published the segment stands: from here on a cancel comes too late.
  VAMANA_ASSIGN(run.report.files, run.writer->publish());
  run.progress(run.stage, run.rows(), run.rows());
  return Status();
}

}  // namespace vamana
