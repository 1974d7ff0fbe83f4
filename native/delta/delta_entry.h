// Where searches of a delta begin.
//
// Called by Delta whenever its linked rows have doubled, on the linking thread.
#pragma once

#include <cstdint>

#include "delta/delta_memory.h"

namespace vamana {

// Of a sample of the first `rows` slots, the one nearest to the sample's mean. REQUIRES rows >= 1.
uint32_t pick_delta_entry(const DeltaMemory& memory, uint32_t rows);

}  // namespace vamana
