// The codec of a build: the one asked for, or the better of both.
#pragma once

#include "base/status.h"
#include "job/build_run.h"

namespace vamana {

// Bytes of the code that a build with these options has at most. INVALID_ARGUMENT or UNSUPPORTED when the codec
// asked for cannot be had in so many bytes or under the metric.
Result<uint32_t> planned_code_bytes(const BuildOptions& options);

// Trains on `count` vectors (count x dim floats, widened) and sets run.codec and run.code_error.training. `auto`
// trains both, ranks a part of the sample by each, and keeps the one that has more of the true ten nearest among
// its first ten; both figures go to run.code_error.
Status train_codec(BuildRun& run, const float* sample, uint64_t count);

}  // namespace vamana
