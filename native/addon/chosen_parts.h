// Segments and deltas of a store that a build or a merge takes its rows from, as their snapshot has them. JS thread.
#pragma once

#include <napi.h>

#include <vector>

#include "addon/open_store.h"
#include "base/bit_chunks.h"
#include "base/status.h"
#include "job/live_rows.h"

namespace vamana::addon {

struct ChosenParts {
  std::vector<LiveRows::SegmentRows> segments;  // in the order given
  std::vector<LiveRows::DeltaRows> deltas;
  BitChunks dead;
};

// From NativeParts and a NativeSnapshot of the same store. INVALID_ARGUMENT when there are none, one is given twice, or
// the snapshot lacks one; CLOSED when one is closed.
Result<ChosenParts> read_chosen_parts(const Napi::Value& parts, const Napi::Value& snapshot, const OpenStore& store);

}  // namespace vamana::addon
