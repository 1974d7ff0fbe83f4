#include "search/query_slot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "search/rerank.h"

namespace vamana {

namespace {

float microseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<float, std::micro>(duration).count();
}

}  // namespace

QuerySlot::QuerySlot(const Segment& segment, PageCache& cache, std::span<uint8_t> arena)
    : segment_(segment), cache_(cache), arena_(arena), widened_(segment.dim()), table_(segment.codec().query_floats()) {
  batch_.owner = this;
}

Status QuerySlot::begin(std::shared_ptr<SearchRequest> request, uint32_t query, WalkScratch& scratch) {
  request_ = std::move(request);
  query_ = query;
  cost_ = QueryCost{};
  started_ = Clock::now();
  const SearchParams& params = request_->params;

  prepare_query();
  const CodeDistance distance(segment_.codec(), segment_.code_layout(), table_.data());
  const GraphFields& graph = segment_.graph_header().graph;
  if (!walk(segment_.graph(), std::span(graph.entries.data(), graph.entry_count), distance,
            std::max({params.list_size, params.k, params.rerank}), request_->cancel.get(), scratch)) {
    return aborted_status("the search");
  }
  cost_.hops = scratch.hops;
  cost_.codes_scored = scratch.scored;
  VAMANA_TRY(plan_reads(scratch.beam));
  submitted_ = Clock::now();
  cost_.walk_us = microseconds(submitted_ - started_);
  return Status();
}

void QuerySlot::prepare_query() {
  const uint32_t dim = segment_.dim();
  const uint8_t* raw = request_->queries.data() + uint64_t{query_} * dim * element_bytes(segment_.element());
  widen_kernel(segment_.element())(raw, dim, widened_.data());
  if (segment_.metric() == Metric::kCosine) normalise(widened_.data(), dim);
  segment_.codec().prepare(widened_.data(), table_.data());
}

Status QuerySlot::plan_reads(const CandidateList& beam) {
  const size_t depth = rerank_depth(segment_, request_->params, beam);
  wanted_.clear();
  for (size_t i = 0; i < depth; ++i) wanted_.push_back(segment_.slot_of(beam[i].node));
  std::sort(wanted_.begin(), wanted_.end());
  wanted_.erase(std::unique(wanted_.begin(), wanted_.end()), wanted_.end());

  const uint64_t slot_bytes = segment_.slot_pages() * kPageBytes;
  uint8_t* buffer = arena_.data();
  if (wanted_.size() * slot_bytes > arena_.size()) {
    if (overflow_.size() < wanted_.size() * slot_bytes) {
      VAMANA_ASSIGN(overflow_, AlignedBuffer::create(wanted_.size() * slot_bytes));
    }
    buffer = overflow_.data();
  }
  slot_data_.clear();
  read_slots_.clear();
  batch_.requests.clear();
  batch_.status = Status();
  for (const uint64_t slot : wanted_) {
    uint8_t* const to = buffer + slot_data_.size() * slot_bytes;
    if (cache_.lookup(slot, to)) {
      ++cost_.cache_hits;
      slot_data_.push_back(to);
      continue;
    }
    slot_data_.push_back(nullptr);
    read_slots_.push_back(slot);
    PageRequest read;
    read.page = segment_.slot_page(slot);
    read.pages = segment_.slot_pages();
    read.buffer = to;
    batch_.requests.push_back(read);
    cost_.reads += segment_.slot_pages();
  }
  return Status();
}

Status QuerySlot::finish() {
  const auto arrived = Clock::now();
  cost_.read_us = microseconds(arrived - submitted_);
  VAMANA_TRY(check_read_slots());
  rank();
  const auto ended = Clock::now();
  cost_.rank_us = microseconds(ended - arrived);
  cost_.total_us = microseconds(ended - started_);
  request_->costs[query_] = cost_;
  return Status();
}

Status QuerySlot::check_read_slots() {
  if (batch_.requests.empty()) return Status();
  VAMANA_TRY(batch_.status);
  size_t next = 0;
  for (size_t i = 0; i < read_slots_.size(); ++i) {
    const uint8_t* const data = batch_.requests[i].data;
    if (!segment_.slot_valid(read_slots_[i], data)) return segment_.slot_error(read_slots_[i]);
    cache_.insert(read_slots_[i], data);
    while (slot_data_[next] != nullptr) ++next;
    slot_data_[next] = data;
  }
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
  for (size_t i = 0; i < wanted_.size(); ++i) {
    const uint64_t first = wanted_[i] * per_slot, last = std::min<uint64_t>(segment_.rows(), first + per_slot);
    for (uint64_t node = first; node < last; ++node) {
      const uint8_t* record = segment_.record_in_slot(slot_data_[i], static_cast<uint32_t>(node));
      ranked_.push_back({distance(query, record, dim), segment_.row_in_record(record)});
    }
  }
  cost_.reranked = static_cast<uint32_t>(ranked_.size());
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
