// Prints what the kernels cost: nanoseconds a call by metric, element type and dimension for every level that
// this processor has, next to simsimd's kernels, then centroid tables, widening and code scores.
//
// Calls are independent of one another, as in a scan: one row against 64 others, all in the cache, aligned to 64
// bytes. Each figure is the best of several rounds, which is what the code can do on an idle processor.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/coding.h"
#include "base/prng.h"
#include "kernels/cpu.h"
#include "kernels/kernels.h"
#include "kernels/pq_table.h"
#include "simsimd_kernels.h"

namespace vamana {
namespace {

constexpr size_t kDims[] = {96, 128, 256, 768};
constexpr size_t kDimMax = 768;
constexpr size_t kRows = 64;
constexpr CpuLevel kLevels[] = {CpuLevel::kScalar, CpuLevel::kAvx2, CpuLevel::kAvx512, CpuLevel::kNeon};

// Keeps the compiler from dropping a result.
volatile float sink;

// Nanoseconds a call: the best of nine rounds, each of about a millisecond.
template <class Body>
double nanoseconds(size_t calls_in_body, const Body& body) {
  using Clock = std::chrono::steady_clock;
  double best = 1e30;
  size_t repeats = 1;
  for (int round = 0; round < 9;) {
    const auto start = Clock::now();
    for (size_t i = 0; i < repeats; ++i) body();
    const double taken = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
    if (taken < 1e6) {
      repeats *= 2;
      continue;
    }
    best = std::min(best, taken / static_cast<double>(repeats * calls_in_body));
    ++round;
  }
  return best;
}

void fill_rows(Element element, uint8_t* rows, size_t bytes) {
  Prng prng(1);
  for (size_t i = 0; i < bytes; i += element_bytes(element)) {
    const auto value = static_cast<float>(prng.gaussian());
    if (element == Element::kF32) store_le(rows + i, value);
    if (element == Element::kF16) store_le(rows + i, f32_to_f16(value));
    if (element == Element::kU8 || element == Element::kI8) rows[i] = static_cast<uint8_t>(prng.next());
  }
}

double time_distance(DistanceFn kernel, const uint8_t* rows, size_t stride, size_t dim) {
  return nanoseconds(kRows, [&] {
    float sum = 0;
    for (size_t row = 1; row <= kRows; ++row) sum += kernel(rows, rows + row * stride, dim);
    sink = sum;
  });
}

void bench_distances(AlignedBuffer& memory) {
  for (uint32_t e = 0; e < kElementCount; ++e) {
    const auto element = static_cast<Element>(e);
    fill_rows(element, memory.data(), memory.size());
    for (uint32_t m = 0; m < kMetricCount; ++m) {
      for (const CpuLevel level : kLevels) {
        const KernelTable* table = kernels_at(level);
        if (table == nullptr) continue;
        const DistanceFn library = simsimd_table(level).distance[m][e];
        std::printf("%-7s %-4s %-7s", metric_name(static_cast<Metric>(m)).data(), element_name(element).data(),
                    table->name);
        for (const size_t dim : kDims) {
          const size_t stride = round_up(dim * element_bytes(element), 64);
          std::printf(" %8.1f", time_distance(table->distance[m][e], memory.data(), stride, dim));
        }
        for (const size_t dim : kDims) {
          const size_t stride = round_up(dim * element_bytes(element), 64);
          if (library != nullptr) std::printf(" %8.1f", time_distance(library, memory.data(), stride, dim));
        }
        std::printf("\n");
      }
    }
  }
}

void bench_tables(AlignedBuffer& memory) {
  fill_rows(Element::kF32, memory.data(), memory.size());
  const auto* floats = reinterpret_cast<const float*>(memory.data());
  std::vector<float> out(kDimMax);
  std::printf("\nns a call            table_l2 of sub_dim            widen 128\n%-12s %8s %8s %8s %8s %8s %8s\n",
              "level", "4", "8", "16", "f16", "u8", "i8");
  for (const CpuLevel level : kLevels) {
    const KernelTable* table = kernels_at(level);
    if (table == nullptr) continue;
    std::printf("%-12s", table->name);
    for (const size_t sub_dim : {4, 8, 16}) {
      std::printf(" %8.1f", nanoseconds(1, [&] {
                    table->table_l2(floats, floats + 64, sub_dim, out.data());
                    sink = out[1];
                  }));
    }
    for (const Element element : {Element::kF16, Element::kU8, Element::kI8}) {
      std::printf(" %8.1f", nanoseconds(1, [&] {
                    table->widen[static_cast<size_t>(element)](floats, 128, out.data());
                    sink = out[1];
                  }));
    }
    std::printf("\n");
  }
}

// Lists of 32 random ids over a million rows would measure memory; 4096 rows stay in the second-level cache.
void bench_scores(AlignedBuffer& memory) {
  constexpr uint32_t kCodes = 4096, kList = 32;
  Prng prng(2);
  std::vector<uint32_t> ids(kCodes);
  for (auto& id : ids) id = static_cast<uint32_t>(prng.below(kCodes));
  std::vector<float> table(kPqHeadFloats + 64 * 64, 1.5f), out(kList);
  for (size_t i = 0; i < size_t{kCodes} * 64; ++i) memory.data()[i] = static_cast<uint8_t>(prng.next());
  std::printf("\npq_score, ns a code, by code bytes\n");
  for (const uint32_t code_bytes : {8u, 16u, 24u, 32u, 48u, 64u}) {
    CodeLayout layout;
    layout.codes = memory.data();
    layout.code_bytes = code_bytes;
    layout.codes_per_line = 64 / code_bytes;
    std::printf("%8u %8.1f\n", code_bytes, nanoseconds(kCodes, [&] {
                  for (uint32_t i = 0; i < kCodes; i += kList) {
                    kernels().pq_score(table.data(), layout, &ids[i], kList, out.data());
                    sink = out[0];
                  }
                }));
  }
}

int run() {
  auto memory = AlignedBuffer::create(round_up((kRows + 1) * kDimMax * sizeof(float), 4096) + (size_t{1} << 20));
  if (!memory.ok()) {
    std::fprintf(stderr, "error %s: %s\n", code_name(memory.status().code()).data(), memory.status().message().c_str());
    return 1;
  }
  std::printf("ns a call by dimension, ours and then simsimd's\n%-20s", "");
  for (int side = 0; side < 2; ++side) {
    for (const size_t dim : kDims) std::printf(" %8zu", dim);
  }
  std::printf("\n");
  bench_distances(memory.value());
  bench_tables(memory.value());
  bench_scores(memory.value());
  return 0;
}

}  // namespace
}  // namespace vamana

int main() { return vamana::run(); }
