#include "search/query_slot.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "search/rerank.h"

namespace vamana {

namespace {

// The first wave goes out when this many times k nodes have been expanded. Sooner wastes reads on nodes that fall
// back later, later leaves less to overlap: on a million rows at list size 80 the k nearest at 1, 1.6, 2 and 3
// times k cost 9, 4.5, 3 and 1 percent more reads than none.
constexpr size_t kEarlySettled = 2;

float microseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<float, std::micro>(duration).count();
}

}  // namespace

QuerySlot::QuerySlot(const Segment& segment, PageCache& cache, std::span<uint8_t> arena, bool early)
    : segment_(segment),
      cache_(cache),
      arena_(arena),
      settled_(early ? kEarlySettled : kMaxListSize),
      widened_(segment.dim()),
      table_(segment.codec().query_floats()) {
  early_.batch().owner = this;
  late_.batch().owner = this;
}

void QuerySlot::begin(std::shared_ptr<SearchRequest> request, uint32_t query, WalkScratch& scratch,
                      ReadSession& session) {
  request_ = std::move(request);
  query_ = query;
  cost_ = QueryCost{};
  started_ = Clock::now();
  room_ = arena_;
  early_.clear();
  late_.clear();
  status_ = walk_and_read(scratch, session);
  walked_ = Clock::now();
  cost_.walk_us = microseconds(walked_ - started_);
}

Status QuerySlot::walk_and_read(WalkScratch& scratch, ReadSession& session) {
  const SearchParams& params = request_->params;
  const CandidateList& beam = scratch.beam;
  prepare_query();
  const CodeDistance distance(segment_.codec(), segment_.code_layout(), table_.data());
  const GraphFields& graph = segment_.graph_header().graph;
  Status read;
  const bool ended = walk(segment_.graph(), std::span(graph.entries.data(), graph.entry_count), distance,
                          std::max({params.list_size, params.k, params.rerank}), request_->cancel.get(), scratch,
                          settled_ * params.k, [&] { read = read_nearest(beam, params.k, early_, session); });
  cost_.hops = scratch.hops;
  cost_.codes_scored = scratch.scored;
  if (!ended) return aborted_status("the search");
  VAMANA_TRY(read);
  const SegmentHeader& codes = segment_.codes_header();
  const size_t depth = rerank_depth(params, codes.metric, codes.codes.error_spread, beam);
  cost_.reranked = static_cast<uint32_t>(depth);
  return read_nearest(beam, depth, late_, session);
}

void QuerySlot::prepare_query() {
  const uint32_t dim = segment_.dim();
  const uint8_t* raw = request_->queries.data() + uint64_t{query_} * dim * element_bytes(segment_.element());
  widen_kernel(segment_.element())(raw, dim, widened_.data());
  if (segment_.metric() == Metric::kCosine) normalise(widened_.data(), dim);
  segment_.codec().prepare(widened_.data(), table_.data());
}

// Starts reading the slots of the `depth` nearest that no wave has.
Status QuerySlot::read_nearest(const CandidateList& beam, size_t depth, SlotReads& wave, ReadSession& session) {
  wanted_.clear();
  for (size_t i = 0; i < depth; ++i) wanted_.push_back(segment_.slot_of(beam[i].node));
  std::sort(wanted_.begin(), wanted_.end());
  wanted_.erase(std::unique(wanted_.begin(), wanted_.end()), wanted_.end());
  // Those of the first wave are in ascending order.
  const std::span<const uint64_t> had = early_.slots();
  std::erase_if(wanted_, [&](uint64_t slot) { return std::binary_search(had.begin(), had.end(), slot); });
  VAMANA_TRY(wave.plan(segment_, cache_, wanted_, &room_, &cost_));
  if (wave.batch().requests.empty()) return Status();
  ++waiting_;
  session.submit(&wave.batch());
  return Status();
}

Status QuerySlot::finish() {
  const auto arrived = Clock::now();
  cost_.read_us = microseconds(arrived - walked_);
  VAMANA_TRY(std::exchange(status_, Status()));
  VAMANA_TRY(early_.check(segment_, cache_));
  VAMANA_TRY(late_.check(segment_, cache_));
  rank();
  const auto ended = Clock::now();
  cost_.rank_us = microseconds(ended - arrived);
  cost_.total_us = microseconds(ended - started_);
  request_->costs[query_] = cost_;
  return Status();
}

void QuerySlot::rank() {
  const uint32_t dim = segment_.dim(), k = request_->params.k;
  const DistanceFn distance = distance_kernel(segment_.metric(), segment_.element());
  const uint8_t* query = request_->queries.data() + uint64_t{query_} * dim * element_bytes(segment_.element());
  ranked_.clear();
  // Every record on the pages that came, not the candidates alone: the order that put them there put near
  // records together, and a distance costs some nanoseconds where a page cost a read.
  const uint32_t per_slot = segment_.vectors_header().vectors.records_per_slot;
  for (const SlotReads* wave : {&early_, &late_}) {
    for (size_t i = 0; i < wave->slots().size(); ++i) {
      const uint64_t first = wave->slots()[i] * per_slot, last = std::min<uint64_t>(segment_.rows(), first + per_slot);
      for (uint64_t node = first; node < last; ++node) {
        const uint8_t* record = segment_.record_in_slot(wave->data(i), static_cast<uint32_t>(node));
        ranked_.push_back({distance(query, record, dim), segment_.row_in_record(record)});
      }
    }
  }
  const size_t found = std::min<size_t>(k, ranked_.size());
  std::partial_sort(ranked_.begin(), ranked_.begin() + static_cast<ptrdiff_t>(found), ranked_.end());
  uint32_t* rows = request_->rows.data() + uint64_t{query_} * k;
  float* distances = request_->distances.data() + uint64_t{query_} * k;
  for (size_t i = 0; i < k; ++i) {
    rows[i] = i < found ? ranked_[i].row : kNoRow;
    distances[i] = i < found ? ranked_[i].distance : std::numeric_limits<float>::infinity();
  }
}

}  // namespace vamana
