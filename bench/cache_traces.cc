// Zipf's law by its table of sums, and the walks of an index as search/query_slot.cc does them.
#include "cache_traces.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/coding.h"
#include "job/vector_file.h"
#include "search/rerank.h"
#include "search/walk.h"
#include "segment/segment.h"

namespace vamana::bench {

namespace {

constexpr uint64_t kBinHeaderBytes = 8;

Result<VectorFile> open_queries(const std::string& path, const Segment& segment) {
  VAMANA_ASSIGN(const File file, File::open_read(path));
  uint8_t header[kBinHeaderBytes];
  VAMANA_TRY(file.read_at(0, header, sizeof(header)));
  VectorFileShape shape;
  shape.path = path;
  shape.rows = load_le<uint32_t>(header);
  shape.dim = load_le<uint32_t>(header + 4);
  shape.element = segment.element();
  shape.offset = kBinHeaderBytes;
  shape.stride = uint64_t{shape.dim} * element_bytes(shape.element);
  if (shape.dim != segment.dim()) {
    return Status(Code::kInvalidArgument, format("%s holds vectors of dimension %u; the index has dimension %u",
                                                 path.c_str(), shape.dim, segment.dim()));
  }
  return VectorFile::open(shape);
}

std::vector<uint64_t> shuffled(uint64_t count, Prng& prng) {
  std::vector<uint64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (uint64_t i = count; i > 1; --i) std::swap(order[i - 1], order[prng.below(i)]);
  return order;
}

}  // namespace

Result<Recording> record_walks(const std::string& index, const std::string& queries, uint32_t list_size) {
  ThreadPool pool(1);
  VAMANA_ASSIGN(const std::shared_ptr<const Segment> segment, Segment::open(index, IoKind::kPread, pool));
  VAMANA_ASSIGN(const VectorFile file, open_queries(queries, *segment));
  const uint32_t dim = segment->dim();
  std::vector<uint8_t> raw(file.row_bytes());
  std::vector<float> widened(dim), table(segment->codec().query_floats());
  const CodeDistance distance(segment->codec(), segment->code_layout(), table.data());
  const GraphFields& graph = segment->graph_header().graph;
  SearchParams params;
  params.list_size = list_size;

  Recording recording;
  recording.slots = segment->slots();
  WalkScratch scratch;
  for (uint64_t query = 0; query < file.shape().rows; ++query) {
    VAMANA_TRY(file.read_rows(query, 1, raw.data()));
    widen_kernel(segment->element())(raw.data(), dim, widened.data());
    if (segment->metric() == Metric::kCosine) normalise(widened.data(), dim);
    segment->codec().prepare(widened.data(), table.data());
    walk(segment->graph(), std::span(graph.entries.data(), graph.entry_count), distance, std::max(list_size, params.k),
         nullptr, scratch);
    const size_t depth =
        rerank_depth(params, segment->metric(), segment->codes_header().codes.error_spread, scratch.beam);
    Trace slots;
    for (size_t i = 0; i < depth; ++i) {
      slots.push_back(segment->slot_of(scratch.beam[i].node));
    }
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    recording.queries.push_back(std::move(slots));
  }
  return recording;
}

ZipfRanks::ZipfRanks(uint64_t ranks, double exponent) : cumulative_(ranks) {
  double sum = 0;
  for (uint64_t i = 0; i < ranks; ++i) cumulative_[i] = sum += std::pow(static_cast<double>(i + 1), -exponent);
}

uint64_t ZipfRanks::draw(Prng& prng) const {
  const double at = prng.uniform() * cumulative_.back();
  const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), at);
  return std::min<uint64_t>(static_cast<uint64_t>(found - cumulative_.begin()), cumulative_.size() - 1);
}

Trace zipf_slots(uint64_t slots, double exponent, uint64_t length, uint64_t seed) {
  Prng prng(seed);
  const ZipfRanks ranks(slots, exponent);
  const std::vector<uint64_t> slot_of_rank = shuffled(slots, prng);
  Trace trace(length);
  for (uint64_t& slot : trace) slot = slot_of_rank[ranks.draw(prng)];
  return trace;
}

Trace repeated_queries(const Recording& recording, double exponent, uint64_t count, uint64_t shift_every,
                       uint64_t seed) {
  Prng prng(seed);
  const ZipfRanks ranks(recording.queries.size(), exponent);
  std::vector<uint64_t> query_of_rank = shuffled(recording.queries.size(), prng);
  Trace trace;
  for (uint64_t i = 0; i < count; ++i) {
    if (shift_every != 0 && i > 0 && i % shift_every == 0) query_of_rank = shuffled(recording.queries.size(), prng);
    const Trace& slots = recording.queries[query_of_rank[ranks.draw(prng)]];
    trace.insert(trace.end(), slots.begin(), slots.end());
  }
  return trace;
}

Trace each_query_once(const Recording& recording) {
  Trace trace;
  for (const Trace& slots : recording.queries) trace.insert(trace.end(), slots.begin(), slots.end());
  return trace;
}

Trace each_query_once_shuffled(const Recording& recording, uint64_t seed) {
  Prng prng(seed);
  Trace trace;
  for (const uint64_t query : shuffled(recording.queries.size(), prng)) {
    const Trace& slots = recording.queries[query];
    trace.insert(trace.end(), slots.begin(), slots.end());
  }
  return trace;
}

}  // namespace vamana::bench
