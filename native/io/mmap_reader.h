// The memory map: the whole file mapped, requests answered by pointers into the map. For sets that fit in
// RAM, and platforms with nothing else. Used only through io/page_reader.h.
//
// submit() tells the kernel of all pages of the batch at once (MADV_WILLNEED), so that they are read side by
// side; reap() hands the batch back at once, and touching a page that is not there yet waits for it.
//
// What remains unlike the other readers: a failure of the disk does not come as a status. The thread that
// touches the page gets SIGBUS, which ends the process. A file cut short is found by its size at every
// submit() and answered with CORRUPT; one cut short between that and the touch gives SIGBUS as well. Where
// such failures must be survived, use io_uring or pread.
#pragma once

#include <memory>

#include "io/page_reader.h"

namespace vamana {

Result<std::unique_ptr<PageReader>> open_mmap_reader();

}  // namespace vamana
