// The build: a vector file in, a published segment out.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "base/cancel.h"
#include "base/status.h"
#include "job/vector_file.h"
#include "segment/segment_writer.h"

namespace vamana {

// Rows that a codec is trained on, at most.
constexpr uint64_t kTrainingRows = 65536;

enum class CodecChoice : uint32_t { kAuto = 0, kPq = 1, kRabitq = 2 };

struct BuildOptions {
  VectorFileShape source;
  std::string dir;
  Metric metric = Metric::kL2;
  uint32_t degree = 32;
  uint32_t build_list = 75;
  float alpha = 1.2f;
  CodecChoice code = CodecChoice::kPq;
  uint32_t code_bytes = 32;
  uint64_t memory_limit = 0;  // bytes of the whole process; 0 = none
  uint32_t threads = 1;
  uint64_t seed = 1;
};

// What the build will need, computed before anything is written.
struct BuildPlan {
  uint64_t vectors_bytes = 0;  // full vectors held in RAM
  uint64_t graph_bytes = 0;    // adjacency under construction
  uint64_t codes_bytes = 0;
  uint64_t buffers_bytes = 0;  // scratch of all threads, windows, packing
  uint64_t process_bytes = 0;  // resident already before the build
  uint64_t peak_bytes = 0;     // the sum: what the limit is held against
};

enum class BuildStage : uint32_t { kRead, kTrain, kGraph, kReorder, kWrite };
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
  SegmentSizes files;
};

// Called from the building thread a few times a second at most.
using BuildProgress = std::function<void(BuildStage stage, uint64_t done, uint64_t total)>;

// INVALID_ARGUMENT, MEMORY_LIMIT (with the least possible figure).
Result<BuildPlan> plan_build(const BuildOptions& options);

Result<BuildReport> run_build(const BuildOptions& options, const CancelFlag& cancel, const BuildProgress& progress);

}  // namespace vamana
