// What a delta costs and finds: append and link on one thread, then searches against a brute force truth.
//
//   vamana_delta_bench FILE.u8bin ROWS QUERIES [METRIC [DEGREE [BUILD_LIST]]]
//
// The first ROWS rows of the file are the data; the QUERIES rows after them, none of them data, are the queries.
// Prints microseconds a row, and for each list size recall@10, microseconds and distances a search.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <numeric>
#include <span>
#include <vector>

#include "delta/delta_search.h"

namespace vamana {
namespace {

// CPU time of this thread: other work on the machine does not count.
constexpr uint32_t kTop = 10;

double cpu_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

[[noreturn]] void fail(const char* message) {
  std::fprintf(stderr, "vamana_delta_bench: %s\n", message);
  std::exit(1);
}

struct Data {
  uint32_t rows = 0, queries = 0, dim = 0;
  std::vector<uint8_t> bytes;
  const uint8_t* row(uint64_t i) const { return bytes.data() + i * dim; }
  const uint8_t* query(uint64_t i) const { return row(rows + i); }
};

Data read_data(const char* path, uint32_t rows, uint32_t queries) {
  std::FILE* const file = std::fopen(path, "rb");
  if (file == nullptr) fail("the file can not be opened");
  uint32_t header[2];
  if (std::fread(header, sizeof header, 1, file) != 1) fail("the file has no header");
  if (uint64_t{rows} + queries > header[0]) fail("the file has too few rows");
  Data data{rows, queries, header[1], std::vector<uint8_t>((uint64_t{rows} + queries) * header[1])};
  if (std::fread(data.bytes.data(), data.bytes.size(), 1, file) != 1) fail("the file is truncated");
  std::fclose(file);
  return data;
}

// Distance of the kTop-th nearest row of each query: what is as near is right.
std::vector<float> truth_of(const Data& data, Metric metric) {
  const DistanceFn kernel = distance_kernel(metric, Element::kU8);
  std::vector<float> truth(data.queries), distances(data.rows);
  for (uint32_t q = 0; q < data.queries; ++q) {
    for (uint32_t i = 0; i < data.rows; ++i) distances[i] = kernel(data.query(q), data.row(i), data.dim);
    std::nth_element(distances.begin(), distances.begin() + kTop - 1, distances.end());
    truth[q] = distances[kTop - 1];
  }
  return truth;
}

void link(Delta& delta, const Data& data) {
  std::vector<uint32_t> ids(data.rows);
  std::iota(ids.begin(), ids.end(), 0u);
  double begin = cpu_microseconds();
  const Status appended = delta.append(ids, data.row(0));
  if (!appended.ok()) fail(appended.message().c_str());
  std::printf("append %.2f us/row\n", (cpu_microseconds() - begin) / data.rows);
  begin = cpu_microseconds();
  while (delta.link_some(1000) > 0) {
  }
  std::printf("link %.1f us/row, %.0f bytes/row\n", (cpu_microseconds() - begin) / data.rows,
              static_cast<double>(delta.bytes()) / data.rows);
}

void search(const Delta& delta, const Data& data, std::span<const float> truth, uint32_t list_size) {
  DeltaScratch scratch;
  std::vector<DeltaHit> hits;
  uint64_t right = 0, scored = 0, hops = 0;
  const double begin = cpu_microseconds();
  for (uint32_t q = 0; q < data.queries; ++q) {
    delta_search(
        delta, data.rows, data.query(q), kTop, list_size, [](uint32_t) { return true; }, scratch, hits);
    for (const DeltaHit& hit : hits) right += hit.distance <= truth[q];
    scored += scratch.scored;
    hops += scratch.hops;
  }
  const double us = (cpu_microseconds() - begin);
  std::printf("list %3u: recall@10 %.4f, %.1f us, %.0f hops, %.0f distances\n", list_size,
              static_cast<double>(right) / (kTop * data.queries), us / data.queries,
              static_cast<double>(hops) / data.queries, static_cast<double>(scored) / data.queries);
}

Metric metric_named(const char* name) {
  for (size_t m = 0; m < kMetricCount; ++m) {
    if (metric_name(static_cast<Metric>(m)) == name) return static_cast<Metric>(m);
  }
  fail("the metric must be l2, cosine, dot or l1");
}

int run(int count, char** arguments) {
  if (count < 4) fail("usage: FILE.u8bin ROWS QUERIES [METRIC [DEGREE [BUILD_LIST]]]");
  const Data data = read_data(arguments[1], static_cast<uint32_t>(std::atoi(arguments[2])),
                              static_cast<uint32_t>(std::atoi(arguments[3])));
  DeltaOptions options;
  options.dim = data.dim;
  options.element = Element::kU8;
  if (count > 4) options.metric = metric_named(arguments[4]);
  if (count > 5) options.degree = static_cast<uint32_t>(std::atoi(arguments[5]));
  if (count > 6) options.build_list = static_cast<uint32_t>(std::atoi(arguments[6]));
  auto delta = Delta::create(options);
  if (!delta.ok()) fail(delta.status().message().c_str());
  link(*delta.value(), data);
  const std::vector<float> truth = truth_of(data, options.metric);
  for (const uint32_t list_size : {20u, 40u, 64u, 100u, 200u}) search(*delta.value(), data, truth, list_size);
  return 0;
}

}  // namespace
}  // namespace vamana

int main(int count, char** arguments) { return vamana::run(count, arguments); }
