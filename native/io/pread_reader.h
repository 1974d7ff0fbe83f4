// The pread pool: reads by plain pread on a few threads of the reader's own. Works everywhere; chosen where
// io_uring is refused. Used only through io/page_reader.h.
#pragma once

#include <memory>
#include <string>

#include "io/page_reader.h"

namespace vamana {

// `fallback_note` says why the first choice was not taken, and leads facts().note; empty when this is it.
Result<std::unique_ptr<PageReader>> open_pread_reader(const std::string& fallback_note);

}  // namespace vamana
