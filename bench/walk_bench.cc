// The walk over packed neighbour lists against the same walk over plain ones, an array of u32 a node: what packing
// costs, or saves, in time. Both are in memory, no page is read.
//
//   vamana_walk_bench INDEX QUERIES.u8bin [LIST_SIZE]
//
// INDEX is one of u8 vectors. Rounds take turns; prints the medians, and checks that both find the same.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/prefetch.h"
#include "kernels/kernels.h"
#include "search/walk.h"
#include "segment/segment.h"

namespace vamana {
namespace {

constexpr int kRounds = 9;

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "vamana_walk_bench: %s\n", message.c_str());
  std::exit(1);
}

// degree + 1 words a node: how many neighbours, then these.
class PlainGraph {
 public:
  explicit PlainGraph(const PackedGraph& packed) : words_(packed.packing().degree + 1) {
    auto buffer = AlignedBuffer::create(packed.rows() * words_ * sizeof(uint32_t));
    if (!buffer.ok()) fail(buffer.status().message());
    lists_ = std::move(buffer).value();
    uint32_t room[kNeighbourRoom];
    for (uint64_t node = 0; node < packed.rows(); ++node) {
      auto* const list = reinterpret_cast<uint32_t*>(lists_.data()) + node * words_;
      list[0] = packed.decode(static_cast<uint32_t>(node), room);
      std::copy(room, room + list[0], list + 1);
    }
  }
  uint32_t decode(uint32_t node, uint32_t* out) const {
    const uint32_t* const list = list_of(node);
    std::memcpy(out, list + 1, list[0] * sizeof(uint32_t));
    return list[0];
  }
  void prefetch(uint32_t node) const {
    prefetch_bytes(list_of(node), words_ * sizeof(uint32_t));
  }
  uint64_t bytes() const { return lists_.size(); }

 private:
  const uint32_t* list_of(uint32_t node) const {
    return reinterpret_cast<const uint32_t*>(lists_.data()) + uint64_t{node} * words_;
  }

  const uint64_t words_;
  AlignedBuffer lists_;
};

std::vector<float> read_queries(const char* path, uint32_t dim) {
  std::FILE* const file = std::fopen(path, "rb");
  uint32_t header[2];
  if (file == nullptr || std::fread(header, sizeof header, 1, file) != 1) fail("the query file can not be read");
  if (header[1] != dim) fail("the queries have another dimension");
  std::vector<uint8_t> bytes(uint64_t{header[0]} * dim);
  if (std::fread(bytes.data(), 1, bytes.size(), file) != bytes.size()) fail("the query file is truncated");
  std::fclose(file);
  return {bytes.begin(), bytes.end()};
}

// Microseconds a query; `sum` adds up the nodes found.
template <typename Graph>
double round_of(const Segment& segment, const Graph& graph, const std::vector<float>& queries, size_t list_size,
                WalkScratch& scratch, uint64_t* sum) {
  const uint32_t dim = segment.dim();
  const size_t count = queries.size() / dim;
  std::vector<float> table(segment.codec().query_floats());
  const GraphFields& fields = segment.graph_header().graph;
  *sum = 0;
  const auto started = std::chrono::steady_clock::now();
  for (size_t q = 0; q < count; ++q) {
    segment.codec().prepare(queries.data() + q * dim, table.data());
    const CodeDistance distance(segment.codec(), segment.code_layout(), table.data());
    walk(graph, std::span(fields.entries.data(), fields.entry_count), distance, list_size, nullptr, scratch);
    for (size_t i = 0; i < scratch.beam.size(); ++i) *sum += scratch.beam[i].node;
  }
  const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - started;
  return taken.count() / static_cast<double>(count);
}

int run(int argc, char** argv) {
  if (argc < 3) fail("usage: vamana_walk_bench INDEX QUERIES.u8bin [LIST_SIZE]");
  ThreadPool pool(1);
  const auto segment = Segment::open(argv[1], IoKind::kAuto, pool);
  if (!segment.ok()) fail(segment.status().message());
  const Segment& opened = *segment.value();
  const std::vector<float> queries = read_queries(argv[2], opened.dim());
  const size_t list_size = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 80;
  const PlainGraph plain(opened.graph());
  WalkScratch scratch;
  std::vector<double> packed_us, plain_us;
  for (int round = 0; round < kRounds; ++round) {
    uint64_t packed_sum = 0, plain_sum = 0;
    packed_us.push_back(round_of(opened, opened.graph(), queries, list_size, scratch, &packed_sum));
    plain_us.push_back(round_of(opened, plain, queries, list_size, scratch, &plain_sum));
    if (packed_sum != plain_sum) fail("the two walks differ");
  }
  std::sort(packed_us.begin(), packed_us.end());
  std::sort(plain_us.begin(), plain_us.end());
  const auto megabytes = [](uint64_t bytes) { return static_cast<double>(bytes) / 1e6; };
  std::printf("list size %zu, medians of %d rounds in turn\n", list_size, kRounds);
  std::printf("packed lists %8.1f us a walk, %7.1f MB\n", packed_us[kRounds / 2],
              megabytes(opened.graph().payload().size()));
  std::printf("plain u32    %8.1f us a walk, %7.1f MB\n", plain_us[kRounds / 2], megabytes(plain.bytes()));
  return 0;
}

}  // namespace
}  // namespace vamana

int main(int argc, char** argv) { return vamana::run(argc, argv); }
