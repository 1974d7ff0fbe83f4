#include "testing/synthetic.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/coding.h"
#include "base/prng.h"
#include "kernels/kernels.h"

namespace vamana::testing {

namespace {

// Integers take the range that the type offers; u8 lies around its middle.
constexpr double kIntegerScale = 30;
constexpr double kU8Middle = 128;

double clipped(double value, double low, double high) { return std::clamp(std::nearbyint(value), low, high); }

void store_value(Element element, double value, uint8_t* to) {
  switch (element) {
    case Element::kF32:
      store_le<float>(to, static_cast<float>(value));
      return;
    case Element::kF16:
      store_le<uint16_t>(to, f32_to_f16(static_cast<float>(value)));
      return;
    case Element::kU8:
      *to = static_cast<uint8_t>(clipped(value, 0, 255));
      return;
    case Element::kI8:
      *to = static_cast<uint8_t>(static_cast<int8_t>(clipped(value, -128, 127)));
      return;
  }
}

double in_element_range(Element element, double value) {
  if (element == Element::kU8) return kU8Middle + kIntegerScale * value;
  return element == Element::kI8 ? kIntegerScale * value : value;
}

VectorSet empty_set(uint32_t rows, uint32_t dim, Element element) {
  VectorSet set{rows, dim, element, {}};
  set.bytes.resize(rows * set.row_bytes());
  return set;
}

// Centres come from the seed alone, so that rows and queries share them.
VectorSet points_around_centres(const SyntheticOptions& options, uint32_t rows, Prng& prng) {
  VAMANA_CHECK(options.clusters >= 1);
  Prng centre_prng(options.seed);
  std::vector<double> centres(uint64_t{options.clusters} * options.dim);
  for (double& value : centres) value = centre_prng.gaussian();
  VectorSet set = empty_set(rows, options.dim, options.element);
  for (uint32_t i = 0; i < rows; ++i) {
    const double* const centre = centres.data() + prng.below(options.clusters) * options.dim;
    for (uint32_t d = 0; d < options.dim; ++d) {
      const double value = centre[d] + options.spread * prng.gaussian();
      store_value(options.element, in_element_range(options.element, value),
                  set.row(i) + d * element_bytes(options.element));
    }
  }
  return set;
}

}  // namespace

std::vector<float> VectorSet::widened(uint64_t i) const {
  std::vector<float> wide(dim);
  widen_kernel(element)(row(i), dim, wide.data());
  return wide;
}

VectorSet make_vectors(const SyntheticOptions& options) {
  Prng prng(options.seed ^ 0x726F7773);
  VectorSet set = points_around_centres(options, options.rows, prng);
  for (uint32_t i = 1; i < options.rows; ++i) {
    if (prng.uniform() < options.duplicates) std::memcpy(set.row(i), set.row(prng.below(i)), set.row_bytes());
    if (prng.uniform() < options.zeros) std::memset(set.row(i), 0, set.row_bytes());
  }
  return set;
}

VectorSet make_queries(const SyntheticOptions& options, uint32_t count) {
  Prng prng(options.seed ^ 0x71756572);
  return points_around_centres(options, count, prng);
}

VectorSet vectors_of(Element element, uint32_t dim, std::span<const float> values) {
  VAMANA_CHECK(dim >= 1 && values.size() % dim == 0);
  VectorSet set = empty_set(static_cast<uint32_t>(values.size() / dim), dim, element);
  for (size_t i = 0; i < values.size(); ++i)
    store_value(element, static_cast<double>(values[i]), set.bytes.data() + i * element_bytes(element));
  return set;
}

}  // namespace vamana::testing
