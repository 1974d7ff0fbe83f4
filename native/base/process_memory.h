// What this process holds in memory, as the kernel counts it.
#pragma once

#include <cstdint>

namespace vamana {

struct ProcessMemory {
  uint64_t resident = 0;       // VmRSS, bytes
  uint64_t resident_peak = 0;  // VmHWM, bytes
};

// Zeros where /proc is not there.
ProcessMemory process_memory();

}  // namespace vamana
