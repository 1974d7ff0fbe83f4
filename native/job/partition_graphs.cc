#include "job/partition_graphs.h"

#include <algorithm>

#include "format/segment_format.h"
#include "graph/build_space.h"
#include "graph/locality_order.h"
#include "graph/vamana_builder.h"
#include "job/build_costs.h"

namespace vamana {

namespace {

// One partition in RAM, in its locality order; node i of it is row ids[i].
struct Partition {
  std::vector<uint32_t> ids;
  AlignedBuffer vectors;
};

Result<Partition> gather(BuildRun& run, const PartitionHomes& homes, uint32_t number) {
  constexpr size_t kFetchRows = 1 << 16;
  Partition part;
  part.ids.reserve(homes.sizes[number]);
  for (uint64_t row = 0; row < run.rows(); ++row) {
    if (homes.holds(number, row)) part.ids.push_back(static_cast<uint32_t>(row));
  }
  const uint64_t bytes = run.vector_bytes();
  VAMANA_ASSIGN(part.vectors, AlignedBuffer::create(part.ids.size() * bytes));
  for (size_t first = 0; first < part.ids.size(); first += kFetchRows) {
    if (run.cancel.cancelled()) return aborted_status("the build");
    const std::span<const uint32_t> rows(part.ids.data() + first, std::min(kFetchRows, part.ids.size() - first));
    VAMANA_TRY(run.vectors->fetch(rows, part.vectors.data() + first * bytes, run.pool));
  }
  VAMANA_ASSIGN(std::vector<uint32_t> order,
                locality_order(part.vectors.data(), part.ids.size(), run.options.source.dim, run.options.source.element,
                               run.options.seed + number, run.pool, run.cancel));
  permute_records(part.vectors.data(), bytes, order);
  for (uint32_t& place : order) place = part.ids[place];
  part.ids = std::move(order);
  return part;
}

Status spill_lists(const Partition& part, const BuildGraph& graph, ListSpill& spill) {
  std::vector<uint32_t> list;
  for (uint32_t node = 0; node < part.ids.size(); ++node) {
    list.clear();
    for (const uint32_t neighbour : graph.list(node)) list.push_back(part.ids[neighbour]);
    VAMANA_TRY(spill.append(part.ids[node], list));
  }
  return Status();
}

// Every partition is entered at its medoid; where there are more than a segment has entries for, at some.
void thin_out(std::vector<uint32_t>& entries) {
  const size_t count = entries.size();
  if (count <= kMaxEntries) return;
  for (size_t i = 0; i < kMaxEntries; ++i) entries[i] = entries[i * count / kMaxEntries];
  entries.resize(kMaxEntries);
}

}  // namespace

Status link_partitions(BuildRun& run, const PartitionHomes& homes, ListSpill& spill,
                       const std::function<void(uint64_t done)>& on_progress) {
  VamanaParams params;
  params.prune = {partition_degree(run.options.degree), run.options.alpha};
  params.build_list = run.options.build_list;
  params.seed = run.options.seed;
  std::vector<uint32_t> row_of;
  row_of.reserve(run.rows());
  uint64_t before = 0;
  for (uint32_t number = 0; number < homes.sizes.size(); ++number) {
    if (homes.sizes[number] == 0) continue;
    VAMANA_ASSIGN(const Partition part, gather(run, homes, number));
    for (const uint32_t row : part.ids) {
      if (homes.first[row] == number) row_of.push_back(row);
    }
    const BuildSpace space(part.vectors.data(), part.ids.size(), run.options.source.dim, run.options.source.element,
                           run.options.metric, run.pool);
    VAMANA_ASSIGN(const VamanaResult built, build_vamana(space, params, run.pool, run.cancel,
                                                         [&](uint64_t done, uint64_t) { on_progress(before + done); }));
    const uint32_t medoid = part.ids[built.medoid];
    if (std::find(run.entries.begin(), run.entries.end(), medoid) == run.entries.end()) run.entries.push_back(medoid);
    VAMANA_TRY(spill_lists(part, built.graph, spill));
    before += part.ids.size();
    on_progress(before);
    release_freed_memory();
  }
  thin_out(run.entries);
  run.row_of = std::move(row_of);
  return Status();
}

}  // namespace vamana
