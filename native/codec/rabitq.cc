#include "codec/rabitq.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/coding.h"
#include "codec/rabitq_grid.h"
#include "kernels/rabitq_table.h"

namespace vamana {

namespace {

constexpr size_t kParameterHead = 24;
constexpr uint32_t kFractionMask = 0x7FFFFF;
constexpr float kQueryByteMax = 127.0f;

// The floor of small floats that reach as far above `middle` as below it: 2^32 either way.
uint32_t floor_below(double middle) {
  int exponent = 0;
  std::frexp(middle, &exponent);
  const int biased = std::clamp<int>(exponent - 1 - 32 + 127, 1, kSmallFloatExponentMax);
  return static_cast<uint32_t>(biased) << 23;
}

bool is_floor(uint32_t pattern) {
  return (pattern & kFractionMask) == 0 && pattern >> 23 >= 1 && pattern >> 23 <= kSmallFloatExponentMax;
}

// Level i in bits [i * bits, (i + 1) * bits): eight levels are `bits` whole bytes.
void pack_levels(const uint8_t* levels, uint32_t dim, uint32_t bits, uint8_t* out) {
  for (uint32_t from = 0; from < dim; from += 8, out += bits) {
    const uint32_t count = std::min(8u, dim - from);
    uint64_t eight = 0;
    for (uint32_t i = 0; i < count; ++i) eight |= uint64_t{levels[from + i]} << (i * bits);
    std::memcpy(out, &eight, (count * bits + 7) / 8);
  }
}

void unpack_levels(const uint8_t* in, uint32_t dim, uint32_t bits, uint8_t* levels) {
  for (uint32_t from = 0; from < dim; from += 8, in += bits) {
    const uint32_t count = std::min(8u, dim - from);
    uint64_t eight = 0;
    std::memcpy(&eight, in, (count * bits + 7) / 8);
    for (uint32_t i = 0; i < count; ++i)
      levels[from + i] = static_cast<uint8_t>(eight >> (i * bits) & ((1u << bits) - 1));
  }
}

// From -127 to 127; what is not a number becomes one of them.
int8_t nearest_byte(float value) {
  const float rounded = value < 0 ? value - 0.5f : value + 0.5f;
  const float low = rounded > -kQueryByteMax ? rounded : -kQueryByteMax;
  return static_cast<int8_t>(low < kQueryByteMax ? low : kQueryByteMax);
}

Status unsupported_l1() {
  return Status(Code::kUnsupported, "codes: rabitq has no estimate of l1 distances; use pq codes");
}

}  // namespace

uint32_t rabitq_code_bytes(uint32_t dim, uint32_t bits) {
  return static_cast<uint32_t>(div_up(uint64_t{dim} * bits, 8) + kRabitqFactorBytes);
}

uint32_t rabitq_bits(uint32_t dim, uint32_t code_bytes) {
  uint32_t bits = kRabitqBitsMax;
  while (bits > 0 && (dim == 0 || rabitq_code_bytes(dim, bits) > code_bytes)) --bits;
  return bits;
}

RabitqCodec::RabitqCodec(uint32_t dim, Metric metric, uint32_t bits, uint64_t seed)
    : dim_(dim), metric_(metric), bits_(bits), seed_(seed), rotation_(dim, seed), centroid_(dim) {}

Result<std::unique_ptr<RabitqCodec>> RabitqCodec::train(const float* sample, size_t count, uint32_t dim, Metric metric,
                                                        uint32_t bits, uint64_t seed, const CancelFlag& cancel) {
  VAMANA_CHECK(count >= 1 && dim >= 1 && bits >= 1 && bits <= kRabitqBitsMax);
  if (metric == Metric::kL1) return unsupported_l1();
  std::vector<double> mean(dim, 0), square(dim, 0);
  for (size_t i = 0; i < count; ++i) {
    if (cancel.cancelled()) return aborted_status("training of the codec");
    for (uint32_t d = 0; d < dim; ++d) {
      const auto value = static_cast<double>(sample[i * dim + d]);
      mean[d] += value;
      square[d] += value * value;
    }
  }
  std::unique_ptr<RabitqCodec> codec(new RabitqCodec(dim, metric, bits, seed));
  double spread = 0, length = 0;
  for (uint32_t d = 0; d < dim; ++d) {
    mean[d] /= static_cast<double>(count);
    codec->centroid_[d] = static_cast<float>(mean[d]);
    spread += std::max(0.0, square[d] / static_cast<double>(count) - mean[d] * mean[d]);
    length += mean[d] * mean[d];
  }
  // Rows that all are equal say nothing of how far others may be.
  const double addend = spread > 0 ? spread : length > 0 ? length : 1;
  // Of a normal variable rounded to the grid: s is the step.
  const double scale = std::sqrt(addend / dim) * std::exp2(1.0 - bits);
  codec->add_floor_ = floor_below(metric == Metric::kDot ? 0 : addend);
  codec->scale_floor_ = floor_below(scale);
  return codec;
}

Result<std::unique_ptr<RabitqCodec>> RabitqCodec::from_parameters(uint32_t dim, Metric metric, uint32_t code_bytes,
                                                                  std::span<const uint8_t> parameters) {
  if (metric == Metric::kL1) return unsupported_l1();
  const size_t expected = kParameterHead + size_t{dim} * sizeof(float);
  const uint8_t* const block = parameters.data();
  const uint32_t bits = parameters.size() < kParameterHead ? 0 : load_le<uint32_t>(block + 4);
  if (dim < 1 || parameters.size() != expected || load_le<uint32_t>(block) != dim || bits < 1 ||
      bits > kRabitqBitsMax || rabitq_code_bytes(dim, bits) != code_bytes) {
    return Status(
        Code::kCorrupt,
        format("codes: the parameters (%zu bytes) are not those of rabitq codes of %u bytes over %u dimensions "
               "(%zu bytes)",
               parameters.size(), code_bytes, dim, expected));
  }
  std::unique_ptr<RabitqCodec> codec(new RabitqCodec(dim, metric, bits, load_le<uint64_t>(block + 8)));
  codec->add_floor_ = load_le<uint32_t>(block + 16);
  codec->scale_floor_ = load_le<uint32_t>(block + 20);
  if (!is_floor(codec->add_floor_) || !is_floor(codec->scale_floor_))
    return Status(Code::kCorrupt, "codes: the range of the rabitq factors is not one that is written");
  std::memcpy(codec->centroid_.data(), block + kParameterHead, expected - kParameterHead);
  for (const float value : codec->centroid_) {
    if (!std::isfinite(value)) return Status(Code::kCorrupt, "codes: the centroid holds a number that is not finite");
  }
  return codec;
}

std::string RabitqCodec::name() const { return format("rabitq%u", bits_); }

void RabitqCodec::encode(const float* vector, uint8_t* code) const {
  std::vector<float> rotated(dim_), scratch(grid_scratch_floats(dim_));
  std::vector<uint8_t> levels(dim_);
  for (uint32_t d = 0; d < dim_; ++d) rotated[d] = vector[d] - centroid_[d];
  rotation_.apply(rotated.data());
  const GridFit fit = fit_to_grid(rotated.data(), dim_, bits_, scratch.data(), levels.data());
  const double scale = fit.product > 0 ? fit.squared_length / fit.product : 0;
  const uint16_t small_scale = small_float_of(static_cast<float>(scale), scale_floor_);
  // |r|^2, but for what rounding the scale has changed: near the row itself, where it counts, the two cancel.
  const double rounded = static_cast<double>(small_float_value(small_scale, scale_floor_));
  const double addend = 2 * rounded * fit.product - fit.squared_length;
  const double weight = metric_ == Metric::kDot ? 0 : metric_ == Metric::kCosine ? 0.5 : 1;
  store_le(code, small_float_of(static_cast<float>(weight * addend), add_floor_));
  store_le(code + 2, small_scale);
  pack_levels(levels.data(), dim_, bits_, code + kRabitqFactorBytes);
}

void RabitqCodec::decode(const uint8_t* code, float* vector) const {
  std::vector<uint8_t> levels(dim_);
  unpack_levels(code + kRabitqFactorBytes, dim_, bits_, levels.data());
  const float scale = small_float_value(load_le<uint16_t>(code + 2), scale_floor_);
  const float centre = static_cast<float>((1u << bits_) - 1) / 2;
  for (uint32_t d = 0; d < dim_; ++d) vector[d] = scale * (static_cast<float>(levels[d]) - centre);
  rotation_.undo(vector);
  for (uint32_t d = 0; d < dim_; ++d) vector[d] += centroid_[d];
}

std::vector<uint8_t> RabitqCodec::parameters() const {
  std::vector<uint8_t> block(kParameterHead + centroid_.size() * sizeof(float));
  store_le<uint32_t>(block.data(), dim_);
  store_le<uint32_t>(block.data() + 4, bits_);
  store_le<uint64_t>(block.data() + 8, seed_);
  store_le<uint32_t>(block.data() + 16, add_floor_);
  store_le<uint32_t>(block.data() + 20, scale_floor_);
  std::memcpy(block.data() + kParameterHead, centroid_.data(), centroid_.size() * sizeof(float));
  return block;
}

// The head, the query's bytes, and room for the rotated query while it is made.
size_t RabitqCodec::query_floats() const {
  return kRabitqHeadFloats + round_up(dim_, kRabitqLanes) / sizeof(float) + dim_;
}

void RabitqCodec::prepare(const float* query, float* table) const {
  auto* const bytes = reinterpret_cast<int8_t*>(table + kRabitqHeadFloats);
  const size_t padded = round_up(dim_, kRabitqLanes);
  float* const rotated = table + kRabitqHeadFloats + padded / sizeof(float);
  const bool dot = metric_ == Metric::kDot;
  double base = 0;
  for (uint32_t d = 0; d < dim_; ++d) {
    rotated[d] = dot ? query[d] : query[d] - centroid_[d];
    base += static_cast<double>(rotated[d]) * static_cast<double>(dot ? -centroid_[d] : rotated[d]);
  }
  rotation_.apply(rotated);
  float largest = 0;
  for (uint32_t d = 0; d < dim_; ++d) largest = std::max(largest, std::abs(rotated[d]));
  const float steps = largest > 0 ? kQueryByteMax / largest : 0;
  int32_t sum = 0;
  for (uint32_t d = 0; d < dim_; ++d) {
    bytes[d] = nearest_byte(rotated[d] * steps);
    sum += bytes[d];
  }
  std::memset(bytes + dim_, 0, padded - dim_);
  // The kernel's product is of twice the grid vector. Cosine is half of l2.
  const float step = largest / kQueryByteMax;
  const RabitqQuery head = {.dim = dim_,
                            .bits = bits_,
                            .base = static_cast<float>(metric_ == Metric::kCosine ? base / 2 : base),
                            .weight = metric_ == Metric::kL2 ? -step : -step / 2,
                            .centre = static_cast<uint32_t>(((1 << bits_) - 1) * sum),
                            .add_floor = add_floor_,
                            .scale_floor = scale_floor_,
                            .unused = 0};
  std::memcpy(table, &head, sizeof head);
}

}  // namespace vamana
