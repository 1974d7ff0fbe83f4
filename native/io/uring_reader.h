// The io_uring reader: one ring a session, all reads of a batch started by one system call. The first
// choice on Linux. Used only through io/page_reader.h.
#pragma once

#include <memory>

#include "io/page_reader.h"

namespace vamana {

// UNSUPPORTED, with the reason, when the kernel, a sandbox or VAMANA_IO_DISABLE_URING=1 refuses io_uring.
Result<std::unique_ptr<PageReader>> open_uring_reader();

}  // namespace vamana
