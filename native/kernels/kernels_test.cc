// The contract of a kernel table, run for every level that the processor has: distances of every metric and
// element type against f64, widening, centroid tables and code scores.
#include "kernels/kernels.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

#include "base/check.h"
#include "base/prng.h"
#include "kernels/cpu.h"
#include "kernels/pq_table.h"

namespace vamana {
namespace {

constexpr uint64_t kSeed = 20240607;
constexpr size_t kPage = 4096;
constexpr Metric kMetrics[] = {Metric::kL2, Metric::kCosine, Metric::kDot, Metric::kL1};
constexpr Element kElements[] = {Element::kF32, Element::kF16, Element::kU8, Element::kI8};
constexpr double kEpsilon = 0x1p-24;

bool is_byte(Element element) { return element == Element::kU8 || element == Element::kI8; }

double element_at(Element element, const uint8_t* row, size_t i) {
  switch (element) {
    case Element::kF32: {
      float value;
      std::memcpy(&value, row + 4 * i, sizeof value);
      return value;
    }
    case Element::kF16: {
      uint16_t half;
      std::memcpy(&half, row + 2 * i, sizeof half);
      return f16_to_f32(half);
    }
    case Element::kU8:
      return row[i];
    case Element::kI8:
      return static_cast<int8_t>(row[i]);
  }
  return 0;
}

void put_element(Element element, uint8_t* row, size_t i, double value) {
  const auto single = static_cast<float>(value);
  const uint16_t half = f32_to_f16(single);
  switch (element) {
    case Element::kF32:
      std::memcpy(row + 4 * i, &single, sizeof single);
      break;
    case Element::kF16:
      std::memcpy(row + 2 * i, &half, sizeof half);
      break;
    case Element::kU8:
      row[i] = static_cast<uint8_t>(value);
      break;
    case Element::kI8:
      row[i] = static_cast<uint8_t>(static_cast<int8_t>(value));
      break;
  }
}

std::vector<uint8_t> row_of(Element element, const std::vector<double>& values) {
  std::vector<uint8_t> row(values.size() * element_bytes(element));
  for (size_t i = 0; i < values.size(); ++i) put_element(element, row.data(), i, values[i]);
  return row;
}

// A row of random elements: any byte, any half or float around 1.
std::vector<uint8_t> random_row(Element element, size_t dim, Prng& prng) {
  std::vector<double> values(dim);
  for (auto& value : values) {
    value = element == Element::kU8   ? static_cast<double>(prng.below(256))
            : element == Element::kI8 ? static_cast<double>(prng.below(256)) - 128
                                      : prng.gaussian();
  }
  return row_of(element, values);
}

// Memory with an unreadable page on either side, so that reading past a row ends the test.
class FencedRow {
 public:
  explicit FencedRow(size_t bytes_max) : room_((bytes_max + 64 + kPage - 1) / kPage * kPage) {
    void* address = ::mmap(nullptr, room_ + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    VAMANA_CHECK(address != MAP_FAILED);
    base_ = static_cast<uint8_t*>(address) + kPage;
    VAMANA_CHECK(::mprotect(base_, room_, PROT_READ | PROT_WRITE) == 0);
  }
  ~FencedRow() { ::munmap(base_ - kPage, room_ + 2 * kPage); }
  FencedRow(const FencedRow&) = delete;
  FencedRow& operator=(const FencedRow&) = delete;

  const uint8_t* at_start(const uint8_t* row, size_t bytes, size_t offset = 0) {
    return place(base_ + offset, row, bytes);
  }
  const uint8_t* at_end(const uint8_t* row, size_t bytes) { return place(base_ + room_ - bytes, row, bytes); }

 private:
  // What surrounds the row must not count: NaN in either float type, large as bytes.
  const uint8_t* place(uint8_t* to, const uint8_t* row, size_t bytes) {
    std::memset(std::max(base_, to - 64), 0xFF, static_cast<size_t>(to - std::max(base_, to - 64)));
    std::memcpy(to, row, bytes);
    uint8_t* end = to + bytes;
    std::memset(end, 0xFF, std::min<size_t>(64, static_cast<size_t>(base_ + room_ - end)));
    return to;
  }
  size_t room_;
  uint8_t* base_;
};

// What exact arithmetic gives, and how far from it the contract lets a kernel be.
struct Expected {
  double value;
  double tolerance;
};

// How many f32 additions follow one another in a sum of `dim` terms, at most.
double chain(const KernelTable& table, size_t dim) {
  switch (table.level) {
    case CpuLevel::kScalar:
      return 1;
    case CpuLevel::kAvx2:
    case CpuLevel::kAvx512:
      return static_cast<double>(dim) / 16 + 8;
    case CpuLevel::kNeon:
      return static_cast<double>(dim) / 4 + 8;
  }
  return 0;
}

Expected expected(const KernelTable& table, Metric metric, Element element, const uint8_t* a, const uint8_t* b,
                  size_t dim) {
  double l2 = 0, dot = 0, l1 = 0, dot_size = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < dim; ++i) {
    const double x = element_at(element, a, i), y = element_at(element, b, i);
    l2 += (x - y) * (x - y);
    l1 += std::abs(x - y);
    dot += x * y;
    dot_size += std::abs(x * y);
    aa += x * x;
    bb += y * y;
  }
  if (metric == Metric::kCosine) {
    if (aa == 0 || bb == 0) return {1, 0};
    const double sums = is_byte(element) ? 0 : 2 * chain(table, dim);
    return {std::clamp(1 - dot / std::sqrt(aa) / std::sqrt(bb), 0.0, 2.0), (sums + 2) * kEpsilon};
  }
  const double value = metric == Metric::kL2 ? l2 : metric == Metric::kL1 ? l1 : -dot;
  // An exact integer, rounded to f32 once.
  if (is_byte(element)) return {static_cast<double>(static_cast<float>(value)), 0};
  const double size = metric == Metric::kDot ? dot_size : value;
  // Products below the normal numbers lose up to half of the smallest subnormal each.
  return {value, chain(table, dim) * kEpsilon * size + static_cast<double>(dim) * 0x1p-149};
}

class KernelsAt : public testing::TestWithParam<CpuLevel> {
 protected:
  void SetUp() override {
    table_ = kernels_at(GetParam());
    if (table_ == nullptr) GTEST_SKIP() << "this processor lacks " << cpu_level_name(GetParam());
  }

  DistanceFn kernel(Metric metric, Element element) const {
    return table_->distance[static_cast<size_t>(metric)][static_cast<size_t>(element)];
  }

  // The result of every metric, both ways round, is as expected.
  void check_all_metrics(Element element, const uint8_t* a, const uint8_t* b, size_t dim, const char* where) const {
    for (const Metric metric : kMetrics) {
      const Expected want = expected(*table_, metric, element, a, b, dim);
      const float got = kernel(metric, element)(a, b, dim);
      const bool infinite = std::abs(want.value) > std::numeric_limits<float>::max();
      const bool close = infinite ? static_cast<double>(got) == std::copysign(INFINITY, want.value)
                                  : std::abs(static_cast<double>(got) - want.value) <= want.tolerance;
      EXPECT_TRUE(close) << table_->name << " " << metric_name(metric) << " " << element_name(element) << ", dim "
                         << dim << ", " << where << ": " << got << ", want " << want.value << " within "
                         << want.tolerance << "; seed " << kSeed;
      EXPECT_EQ(got, kernel(metric, element)(b, a, dim)) << "distance is not symmetric";
    }
  }

  const KernelTable* table_ = nullptr;
};

INSTANTIATE_TEST_SUITE_P(Levels, KernelsAt,
                         testing::Values(CpuLevel::kScalar, CpuLevel::kAvx2, CpuLevel::kAvx512, CpuLevel::kNeon),
                         [](const auto& info) { return std::string(cpu_level_name(info.param)); });

TEST_P(KernelsAt, HasEveryKernel) {
  EXPECT_EQ(table_->level, GetParam());
  EXPECT_STREQ(table_->name, cpu_level_name(GetParam()));
  for (const Element element : kElements) {
    for (const Metric metric : kMetrics) EXPECT_NE(kernel(metric, element), nullptr);
    EXPECT_NE(table_->widen[static_cast<size_t>(element)], nullptr);
  }
  EXPECT_NE(table_->table_l2, nullptr);
  EXPECT_NE(table_->table_dot, nullptr);
  EXPECT_NE(table_->table_l1, nullptr);
  EXPECT_NE(table_->pq_score, nullptr);
}

TEST_P(KernelsAt, DistancesAgreeForEveryDimensionAndOffset) {
  constexpr size_t kDimMax = 1100;
  for (const Element element : kElements) {
    const size_t bytes = element_bytes(element);
    const size_t offsets = 64 / bytes;
    std::set<size_t> seen_a, seen_b;
    FencedRow left(kDimMax * bytes), right(kDimMax * bytes);
    Prng prng(kSeed + static_cast<uint64_t>(element));
    for (size_t dim = 1; dim <= kDimMax && !HasFailure(); ++dim) {
      const auto a = random_row(element, dim, prng), b = random_row(element, dim, prng);
      check_all_metrics(element, left.at_end(a.data(), a.size()), right.at_start(b.data(), b.size()), dim, "fenced");
      const size_t offset_a = dim % offsets, offset_b = (dim * 5 + dim / offsets) % offsets;
      seen_a.insert(offset_a);
      seen_b.insert(offset_b);
      check_all_metrics(element, left.at_start(a.data(), a.size(), offset_a * bytes),
                        right.at_start(b.data(), b.size(), offset_b * bytes), dim, "at offsets");
    }
    EXPECT_EQ(seen_a.size(), offsets);
    EXPECT_EQ(seen_b.size(), offsets);
  }
}

TEST_P(KernelsAt, BytesAreExactAtTheirExtremes) {
  for (const size_t dim : {1u, 15u, 16u, 31u, 64u, 65u, 127u, 128u, 1000u, 4096u, 65535u, 65536u}) {
    for (const Element element : {Element::kU8, Element::kI8}) {
      const std::vector<double> extremes =
          element == Element::kU8 ? std::vector<double>{0, 255, 128} : std::vector<double>{-128, 127, 0, -127};
      for (const double x : extremes) {
        for (const double y : extremes) {
          const auto a = row_of(element, std::vector<double>(dim, x)), b = row_of(element, std::vector<double>(dim, y));
          check_all_metrics(element, a.data(), b.data(), dim, "extremes");
        }
      }
    }
  }
}

TEST_P(KernelsAt, FloatsKeepTheirBoundsAtAnyMagnitude) {
  Prng prng(kSeed);
  // The last three: squares overflow, squares vanish, both in one vector.
  const std::vector<std::vector<double>> magnitudes = {{1},     {0, 1}, {1e-3, 1e3}, {3e18},       {1e-23},
                                                       {1e-40}, {1e25}, {1e-30},     {1e-40, 1e30}};
  for (const size_t dim : {1u, 5u, 8u, 16u, 33u, 100u, 128u, 1000u}) {
    for (const auto& of_a : magnitudes) {
      for (const auto& of_b : magnitudes) {
        std::vector<double> a(dim), b(dim);
        for (size_t i = 0; i < dim; ++i) {
          a[i] = prng.gaussian() * of_a[prng.below(of_a.size())];
          b[i] = prng.gaussian() * of_b[prng.below(of_b.size())];
        }
        check_all_metrics(Element::kF32, row_of(Element::kF32, a).data(), row_of(Element::kF32, b).data(), dim,
                          "magnitudes");
      }
    }
    for (const double of_a : {6e-8, 6e-5, 1.0, 10000.0}) {
      for (const double of_b : {6e-8, 6e-5, 1.0, 10000.0}) {
        std::vector<double> a(dim), b(dim);
        for (size_t i = 0; i < dim; ++i) {
          a[i] = (2 * prng.uniform() - 1) * of_a;
          b[i] = (2 * prng.uniform() - 1) * of_b;
        }
        check_all_metrics(Element::kF16, row_of(Element::kF16, a).data(), row_of(Element::kF16, b).data(), dim,
                          "half magnitudes");
      }
    }
  }
}

TEST_P(KernelsAt, DotIsFiniteWherePartialSumsOverflow) {
  for (const size_t dim : {2u, 16u, 64u, 128u, 130u}) {
    const std::vector<double> large(dim, 1e30);
    std::vector<double> alternating(dim, 1e30);
    for (size_t i = 1; i < dim; i += 2) alternating[i] = -1e30;
    const auto a = row_of(Element::kF32, large), b = row_of(Element::kF32, alternating);
    EXPECT_EQ(kernel(Metric::kDot, Element::kF32)(a.data(), b.data(), dim), 0.0f);
    EXPECT_EQ(kernel(Metric::kDot, Element::kF32)(a.data(), a.data(), dim), -INFINITY);
    EXPECT_EQ(kernel(Metric::kCosine, Element::kF32)(a.data(), b.data(), dim), 1.0f);
  }
}

TEST_P(KernelsAt, CosineOfZeroItselfAndOpposite) {
  Prng prng(kSeed);
  for (const Element element : kElements) {
    const DistanceFn cosine = kernel(Metric::kCosine, element);
    for (const size_t dim : {1u, 7u, 16u, 64u, 100u, 128u, 768u}) {
      const auto zero = row_of(element, std::vector<double>(dim, 0));
      std::vector<double> values(dim), negated(dim);
      for (size_t i = 0; i < dim; ++i) {
        values[i] = static_cast<double>(prng.below(100) + 1);
        negated[i] = -values[i];
      }
      const auto row = row_of(element, values);
      EXPECT_EQ(cosine(zero.data(), zero.data(), dim), 1.0f) << element_name(element);
      EXPECT_EQ(cosine(zero.data(), row.data(), dim), 1.0f) << element_name(element);
      EXPECT_EQ(cosine(row.data(), zero.data(), dim), 1.0f) << element_name(element);
      EXPECT_EQ(cosine(row.data(), row.data(), dim), 0.0f) << element_name(element);
      if (element == Element::kU8) continue;
      EXPECT_EQ(cosine(row.data(), row_of(element, negated).data(), dim), 2.0f) << element_name(element);
    }
  }
}

TEST_P(KernelsAt, WidensEveryHalfExactly) {
  std::vector<uint16_t> halves(65536);
  std::iota(halves.begin(), halves.end(), uint16_t{0});
  std::vector<float> wide(halves.size());
  table_->widen[static_cast<size_t>(Element::kF16)](halves.data(), halves.size(), wide.data());
  for (size_t i = 0; i < halves.size(); ++i) {
    const float want = f16_to_f32(halves[i]);
    if (std::isnan(want)) {
      EXPECT_TRUE(std::isnan(wide[i])) << "half " << i;
    } else {
      EXPECT_EQ(std::bit_cast<uint32_t>(wide[i]), std::bit_cast<uint32_t>(want)) << "half " << i;
    }
  }
}

TEST_P(KernelsAt, WidensRowsOfAnyLengthAndOffset) {
  Prng prng(kSeed);
  for (const Element element : kElements) {
    const size_t bytes = element_bytes(element);
    FencedRow fenced(130 * bytes);
    for (size_t dim = 1; dim <= 130; ++dim) {
      const auto row = random_row(element, dim, prng);
      for (const uint8_t* from :
           {fenced.at_start(row.data(), row.size(), dim % 64 * bytes % 64), fenced.at_end(row.data(), row.size())}) {
        std::vector<float> wide(dim + 1, 77.0f);
        table_->widen[static_cast<size_t>(element)](from, dim, wide.data());
        for (size_t i = 0; i < dim; ++i) ASSERT_EQ(wide[i], element_at(element, row.data(), i)) << "dim " << dim;
        ASSERT_EQ(wide[dim], 77.0f) << "wrote past the row";
      }
    }
  }
}

TEST_P(KernelsAt, CentroidTablesAgree) {
  Prng prng(kSeed);
  for (const size_t sub_dim : {1u, 2u, 3u, 4u, 7u, 8u, 16u, 24u, 33u, 96u}) {
    // One float off any alignment.
    std::vector<float> x(sub_dim), centroids(sub_dim * 256 + 1), out(257);
    for (auto& value : x) value = static_cast<float>(prng.gaussian());
    for (auto& value : centroids) value = static_cast<float>(prng.gaussian() * 3);
    const struct {
      Table256Fn kernel;
      double (*term)(double, double);
    } cases[] = {{table_->table_l2, [](double a, double b) { return (a - b) * (a - b); }},
                 {table_->table_dot, [](double a, double b) { return -(a * b); }},
                 {table_->table_l1, [](double a, double b) { return std::abs(a - b); }}};
    for (const auto& one : cases) {
      one.kernel(x.data(), centroids.data() + 1, sub_dim, out.data() + 1);
      for (size_t c = 0; c < 256; ++c) {
        double sum = 0, size = 0;
        for (size_t d = 0; d < sub_dim; ++d) {
          const double term = one.term(x[d], centroids[1 + d * 256 + c]);
          sum += term;
          size += std::abs(term);
        }
        ASSERT_NEAR(out[1 + c], sum, (static_cast<double>(sub_dim) + 4) * kEpsilon * size)
            << "centroid " << c << ", sub_dim " << sub_dim << ", kernel " << (&one - cases) << ", seed " << kSeed;
      }
    }
  }
}

TEST_P(KernelsAt, CodeScoresAgreeForEveryLengthAndCount) {
  constexpr uint32_t kRows = 50;
  Prng prng(kSeed);
  for (uint32_t code_bytes = 1; code_bytes <= 140; ++code_bytes) {
    CodeLayout layout;
    layout.code_bytes = code_bytes;
    layout.codes_per_line = std::max(1u, 64 / code_bytes);
    layout.stride = code_bytes > 64 ? (code_bytes + 7) / 8 * 8 : 64;
    // Ends with the last code, so that an address sanitizer sees what is read beyond.
    const size_t area =
        (kRows - 1) / layout.codes_per_line * layout.stride + ((kRows - 1) % layout.codes_per_line + 1) * code_bytes;
    std::vector<uint8_t> codes(area);
    for (auto& byte : codes) byte = static_cast<uint8_t>(prng.below(256));
    layout.codes = codes.data();
    std::vector<float> exact(size_t{code_bytes} * kPqEntries), table(kPqHeadFloats + exact.size() / sizeof(float));
    for (auto& value : exact) value = static_cast<float>(prng.gaussian());
    auto* const entries = reinterpret_cast<uint8_t*>(table.data() + kPqHeadFloats);
    const PqQuery query = quantise_table(exact.data(), code_bytes, entries);
    std::memcpy(table.data(), &query, sizeof query);

    for (const size_t count : {size_t{0}, size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{8}, size_t{31}}) {
      std::vector<uint32_t> ids(count);
      for (auto& id : ids) id = static_cast<uint32_t>(prng.below(kRows));
      if (count > 0) ids.back() = kRows - 1;
      std::vector<float> out(count + 1, 77.0f);
      table_->pq_score(table.data(), layout, ids.data(), count, out.data());
      EXPECT_EQ(out[count], 77.0f) << "wrote past the scores";
      for (size_t i = 0; i < count; ++i) {
        double sum = 0, real = 0;
        for (uint32_t s = 0; s < code_bytes; ++s) {
          sum += entries[s * kPqEntries + layout.code(ids[i])[s]];
          real += exact[s * kPqEntries + layout.code(ids[i])[s]];
        }
        ASSERT_EQ(out[i], query.base + query.scale * static_cast<float>(sum)) << code_bytes << ", seed " << kSeed;
        ASSERT_NEAR(out[i], real, code_bytes * query.scale * 0.5001) << code_bytes << ", seed " << kSeed;
        float alone;
        table_->pq_score(table.data(), layout, &ids[i], 1, &alone);
        ASSERT_EQ(out[i], alone) << "a score depends on its place in the list";
      }
    }
  }
}

// Whatever is not a distance is the farthest, and what is one keeps its order.
TEST(PqTable, ExtremesAreBounded) {
  std::vector<float> exact(2 * kPqEntries, 5.0f);
  exact[0] = std::numeric_limits<float>::infinity();
  exact[1] = std::numeric_limits<float>::quiet_NaN();
  exact[2] = -1e38f;
  std::vector<uint8_t> entries(exact.size());
  const PqQuery query = quantise_table(exact.data(), 2, entries.data());
  EXPECT_TRUE(std::isfinite(query.base) && std::isfinite(query.scale));
  EXPECT_EQ(entries[0], 255);
  EXPECT_EQ(entries[1], 255);
  EXPECT_EQ(entries[2], 0);
  EXPECT_EQ(entries[3], 128);
  EXPECT_EQ(entries[kPqEntries], 0);
  const std::vector<float> equal(kPqEntries, 3.0f);
  EXPECT_EQ(quantise_table(equal.data(), 1, entries.data()).base, 3.0f);
  EXPECT_EQ(entries[7], 0);
}

TEST(Kernels, TheTableInUseIsTheChosenLevel) {
  EXPECT_EQ(kernels().level, chosen_cpu_level());
  ASSERT_NE(kernels_at(kernels().level), nullptr);
  EXPECT_EQ(distance_kernel(Metric::kDot, Element::kI8), kernels().distance[2][3]);
  EXPECT_EQ(widen_kernel(Element::kF16), kernels().widen[1]);
}

}  // namespace
}  // namespace vamana
