// The kernels of simsimd as a table, so that the benchmark shows what our own are measured against. Never
// linked into the product.
#pragma once

#include "kernels/kernels.h"

namespace vamana {

// Null where the library has no kernel (l1), or this processor cannot run it.
KernelTable simsimd_table(CpuLevel level);

}  // namespace vamana
