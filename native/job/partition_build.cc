#include "job/partition_build.h"

#include <numeric>

#include "job/partition_graphs.h"
#include "job/partition_merge.h"
#include "job/partition_repair.h"

namespace vamana {

Result<PartitionHomes> read_for_partitions(BuildRun& run) {
  VAMANA_TRY(open_source(run));
  run.vectors = std::make_unique<SourceVectors>(run.source, run.row_of);
  VAMANA_ASSIGN(PartitionHomes homes, assign_partitions(run));
  VAMANA_TRY(run.proceed(run.rows(), run.rows()));
  return homes;
}

Status link_in_partitions(BuildRun& run, PartitionHomes homes) {
  // Each list is linked once and merged once.
  const uint64_t lists = std::accumulate(homes.sizes.begin(), homes.sizes.end(), uint64_t{0});
  VAMANA_ASSIGN(ListSpill spill, ListSpill::create(run.writer->temporary_folder(), run.options.degree));
  VAMANA_TRY(link_partitions(run, homes, spill, [&](uint64_t done) { run.tick(done, 2 * lists); }));
  homes = PartitionHomes();
  release_freed_memory();
  VAMANA_TRY(spill.rewind());
  VAMANA_TRY(merge_lists(run, spill, [&](uint64_t done) { run.tick(lists + done, 2 * lists); }));
  release_freed_memory();
  VAMANA_TRY(repair_merged(run));
  run.tick(2 * lists, 2 * lists);
  return Status();
}

}  // namespace vamana
