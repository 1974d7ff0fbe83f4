// Makes the codec that a segment's header names.
#pragma once

#include <memory>
#include <span>

#include "codec/codec.h"

namespace vamana {

// From a parameter block of codes.seg. CORRUPT when it does not fit; UNSUPPORTED for an unknown codec.
Result<std::unique_ptr<Codec>> make_codec(CodecKind kind, uint32_t dim, Metric metric, uint32_t code_bytes,
                                          std::span<const uint8_t> parameters);

}  // namespace vamana
