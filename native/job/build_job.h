// The build: the vectors of a file, or of another row source, in; a published segment out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/cancel.h"
#include "base/process_memory.h"
#include "base/status.h"
#include "job/throttle.h"
#include "job/vector_file.h"
#include "segment/segment_writer.h"

namespace vamana {

// Rows that a codec is trained on, at most.
constexpr uint64_t kTrainingRows = 65536;

enum class CodecChoice : uint32_t { kAuto = 0, kPq = 1, kRabitq = 2 };

// How the final numbering comes about: by graph bisection (graph/reorder.h), by the balanced 2-means tree of the
// vectors that bisection starts from, or breadth first from the entry; or, where bisection does not fit the memory
// limit, partition after partition in the locality order of each.
enum class BuildOrder : uint32_t { kBisection = 0, kKmeans = 1, kBreadthFirst = 2, kPartitions = 3 };
const char* build_order_name(BuildOrder order);

struct BuildOptions {
  VectorFileShape source;                       // with `row_source` only its rows, dim and element count
  std::shared_ptr<const RowSource> row_source;  // null: the vector file that `source` names
  std::string dir;
  Metric metric = Metric::kL2;
  uint32_t degree = 24;
  uint32_t build_list = 100;
  float alpha = 1.2f;
  // Of a build in memory; the others are there to be compared with.
  BuildOrder order = BuildOrder::kBisection;
  CodecChoice code = CodecChoice::kAuto;
  uint32_t code_bytes = 68;
  uint64_t memory_limit = 0;  // bytes of the whole process; 0 = none
  uint32_t threads = 1;
  uint64_t seed = 1;
  std::shared_ptr<Throttle> throttle;  // null: as fast as it goes
};

// How the build will go and what it will need, computed before anything is written. The parts are those of
// the stage that holds most.
struct BuildPlan {
  uint32_t partitions = 1;  // 1: all vectors in RAM
  BuildOrder order = BuildOrder::kBisection;
  const char* stage = "";      // that holds most
  uint64_t vectors_bytes = 0;  // full vectors
  uint64_t graph_bytes = 0;    // adjacency, under construction or packed
  uint64_t codes_bytes = 0;    // codes and the codec's parameters
  uint64_t buffers_bytes = 0;  // scratch of all threads, windows, numberings, slack
  uint64_t process_bytes = 0;  // resident already before the build
  uint64_t peak_bytes = 0;     // the sum: what the limit is held against
  uint64_t least_bytes = 0;    // no lower limit is possible
};

// A merge that keeps a graph repairs it before kGraph, and trains nothing (job/merge_job.h).
enum class BuildStage : uint32_t { kRead, kTrain, kGraph, kReorder, kWrite, kRepair };
const char* build_stage_name(BuildStage stage);

struct BuildSeconds {
  double total = 0, read = 0, train = 0, graph = 0, reorder = 0, write = 0;
};

struct BuildReport {
  uint64_t rows = 0;
  uint32_t dim = 0;
  BuildSeconds seconds;
  uint64_t rss_peak = 0;
  double degree_mean = 0;
  double bits_per_edge = 0;
  uint64_t unreachable = 0;  // after repair: always 0
  uint64_t repaired = 0;     // rows that had to be linked to be reachable
  uint32_t partitions = 1;
  BuildOrder order = BuildOrder::kBisection;
  SegmentSizes files;
};

// Called from the building thread a few times a second at most.
using BuildProgress = std::function<void(BuildStage stage, uint64_t done, uint64_t total)>;

// The first way that keeps the limit: in memory, else in the fewest partitions. INVALID_ARGUMENT, MEMORY_LIMIT
// (with the least possible figure). `process_bytes`: what the process holds beside the build, read once, so that
// what is decided by it is also what is told.
Result<BuildPlan> plan_build(const BuildOptions& options, uint64_t process_bytes = process_memory().resident);
// The plan for a given way, whatever the limit. REQUIRES partitions 1 or kPartitionsMin to kPartitionsMax
// (job/build_costs.h), and bisection for 1.
BuildPlan plan_for(const BuildOptions& options, uint32_t partitions, BuildOrder order,
                   uint64_t process_bytes = process_memory().resident);

Result<BuildReport> run_build(const BuildOptions& options, const CancelFlag& cancel, const BuildProgress& progress);
// Builds by a plan made before. The bytes of the segment depend on options, partitions and order alone.
Result<BuildReport> run_plan(const BuildOptions& options, const BuildPlan& plan, const CancelFlag& cancel,
                             const BuildProgress& progress);

}  // namespace vamana
