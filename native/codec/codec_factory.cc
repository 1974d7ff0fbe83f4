#include "codec/codec_factory.h"

#include <cmath>

#include "base/coding.h"
#include "codec/pq.h"
#include "codec/rabitq.h"

namespace vamana {

CodeLayout code_layout(uint32_t code_bytes) {
  CodeLayout layout;
  layout.code_bytes = code_bytes;
  const uint32_t in_line = code_bytes <= 64 ? 64 / code_bytes : 0;
  // Whole codes in a line, where that leaves at most an eighth of it unused. Else one after the other: a second
  // line to fetch now and then costs less than memory that holds nothing.
  if (in_line * code_bytes >= 56) {
    layout.codes_per_line = in_line;
    layout.stride = 64;
  } else {
    layout.codes_per_line = 1;
    layout.stride = code_bytes;
  }
  return layout;
}

uint64_t code_area_bytes(const CodeLayout& layout, uint64_t rows) {
  return div_up(rows, layout.codes_per_line) * layout.stride;
}

void normalise(float* vector, size_t dim) {
  double sum = 0;
  for (size_t d = 0; d < dim; ++d) sum += static_cast<double>(vector[d]) * static_cast<double>(vector[d]);
  if (sum == 0) return;
  // In double: the scale of a vector of denormal numbers is past the range of a float.
  const double scale = 1.0 / std::sqrt(sum);
  for (size_t d = 0; d < dim; ++d) vector[d] = static_cast<float>(static_cast<double>(vector[d]) * scale);
}

Result<std::unique_ptr<Codec>> make_codec(CodecKind kind, uint32_t dim, Metric metric, uint32_t code_bytes,
                                          std::span<const uint8_t> parameters) {
  switch (kind) {
    case CodecKind::kPq: {
      VAMANA_ASSIGN(std::unique_ptr<Codec> codec, PqCodec::from_parameters(dim, metric, code_bytes, parameters));
      return codec;
    }
    case CodecKind::kRabitq: {
      VAMANA_ASSIGN(std::unique_ptr<Codec> codec, RabitqCodec::from_parameters(dim, metric, code_bytes, parameters));
      return codec;
    }
  }
  return Status(Code::kUnsupported,
                format("codes: codec %u is not known to this version", static_cast<unsigned>(kind)));
}

}  // namespace vamana
