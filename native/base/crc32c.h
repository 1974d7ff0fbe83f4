// CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected), as in iSCSI and ext4: hardware where the
// processor has it, a table elsewhere, the same value from both.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vamana {

// Continues `crc` (0 to begin) over `size` bytes.
uint32_t crc32c(uint32_t crc, const void* data, size_t size);

// The table version, for tests and processors without the instruction.
uint32_t crc32c_portable(uint32_t crc, const void* data, size_t size);

}  // namespace vamana
