#include "search/query_slot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/kernels.h"
#include "search/rerank.h"

namespace vamana {

namespace {

// Dead nodes that one walk passes through at most, some tens of milliseconds' work. Where more than these lie
// around a query, it answers with what it has found: such a segment is due for rebuilding.
constexpr size_t kPassMax = 65536;

float microseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<float, std::micro>(duration).count();
}

}  // namespace

QuerySlot::QuerySlot(const VectorSpace& space, PageCache& cache, std::span<uint8_t> arena)
    : space_(space), cache_(cache), arena_(arena), widened_(space.dim) {
  batch_.owner = this;
}

Status QuerySlot::begin(std::shared_ptr<SearchRequest> request, uint32_t query, SearchScratch& scratch) {
  request_ = std::move(request);
  query_ = query;
  cost_ = QueryCost{};
  ranked_.clear();
  started_ = Clock::now();
  widen_query();
  VAMANA_TRY(walk_segments(scratch));
  choose_slots();
  VAMANA_TRY(plan_reads());
  submitted_ = Clock::now();
  cost_.walk_us = microseconds(submitted_ - started_);
  return Status();
}

void QuerySlot::widen_query() {
  widen_kernel(space_.element)(raw_query(), space_.dim, widened_.data());
  if (space_.metric == Metric::kCosine) normalise(widened_.data(), space_.dim);
}

Status QuerySlot::walk_segments(SearchScratch& scratch) {
  const SearchParams& params = request_->params;
  const size_t list_size = std::max({params.list_size, params.k, params.rerank});
  const CancelFlag* const cancel = request_->cancel.get();
  beams_.clear();
  spreads_.clear();
  for (const auto& part : snapshot().segments()) {
    const Segment& segment = *part.segment;
    if (beams_.size() == scratch.walks.size()) scratch.walks.emplace_back();
    WalkScratch& walked = scratch.walks[beams_.size()];
    table_.resize(std::max(table_.size(), segment.codec().query_floats()));
    segment.codec().prepare(widened_.data(), table_.data());
    const CodeDistance distance(segment.codec(), segment.code_layout(), table_.data());
    const GraphFields& graph = segment.graph_header().graph;
    const std::span entries(graph.entries.data(), graph.entry_count);
    const BitChunks& dead = part.dead_nodes;
    const bool ended = dead.empty() ? walk(segment.graph(), entries, distance, list_size, cancel, walked)
                                    : walk_passing(
                                          segment.graph(), entries, distance, list_size, list_size + kPassMax,
                                          [&dead](uint32_t node) { return !dead.test(node); }, cancel, walked);
    if (!ended) return aborted_status("the search");
    beams_.push_back(dead.empty() ? &walked.beam : &walked.passing.counted());
    spreads_.push_back(segment.codes_header().codes.error_spread);
    cost_.hops += walked.hops;
    cost_.codes_scored += walked.scored;
  }
  return Status();
}

void QuerySlot::choose_slots() {
  wanted_.clear();
  if (beams_.empty()) return;
  depths_.resize(beams_.size());
  rerank_depths(request_->params, space_.metric, spreads_, beams_, depths_);
  for (uint32_t part = 0; part < beams_.size(); ++part) {
    const Segment& segment = *snapshot().segments()[part].segment;
    const size_t begin = wanted_.size();
    for (size_t i = 0; i < depths_[part]; ++i) wanted_.push_back({part, segment.slot_of((*beams_[part])[i].node)});
    std::sort(wanted_.begin() + static_cast<ptrdiff_t>(begin), wanted_.end(),
              [](const Wanted& a, const Wanted& b) { return a.slot < b.slot; });
    cost_.reranked += static_cast<uint32_t>(depths_[part]);
  }
  wanted_.erase(std::unique(wanted_.begin(), wanted_.end()), wanted_.end());
}

Status QuerySlot::plan_reads() {
  slot_data_.clear();
  read_.clear();
  batch_.requests.clear();
  batch_.status = Status();
  if (wanted_.empty()) return Status();
  const uint32_t pages = snapshot().segments().front().segment->slot_pages();
  const uint64_t slot_bytes = pages * kPageBytes;
  uint8_t* buffer = arena_.data();
  if (wanted_.size() * slot_bytes > arena_.size()) {
    if (overflow_.size() < wanted_.size() * slot_bytes) {
      VAMANA_ASSIGN(overflow_, AlignedBuffer::create(wanted_.size() * slot_bytes));
    }
    buffer = overflow_.data();
  }
  for (const Wanted& wanted : wanted_) {
    const Segment& segment = *snapshot().segments()[wanted.part].segment;
    uint8_t* const to = buffer + slot_data_.size() * slot_bytes;
    if (cache_.lookup(segment.cache_key(wanted.slot), to)) {
      ++cost_.cache_hits;
      slot_data_.push_back(to);
      continue;
    }
    read_.push_back(slot_data_.size());
    slot_data_.push_back(nullptr);
    PageRequest read;
    read.file = &segment.page_file();
    read.page = segment.slot_page(wanted.slot);
    read.pages = pages;
    read.buffer = to;
    batch_.requests.push_back(read);
    cost_.reads += pages;
  }
  return Status();
}

void QuerySlot::search_deltas(SearchScratch& scratch) {
  if (snapshot().deltas().empty()) return;
  const SearchParams& params = request_->params;
  const BitChunks& dead = snapshot().dead_rows();
  for (const auto& part : snapshot().deltas()) {
    const Delta& delta = *part.delta;
    if (part.visible == part.dead) continue;
    const auto search = [&](const auto& accept) {
      delta_search(delta, part.visible, raw_query(), params.k, params.list_size, accept, scratch.delta, scratch.hits);
    };
    if (part.dead == 0) {
      search([](uint32_t) { return true; });
    } else {
      search([&](uint32_t slot) { return !dead.test(delta.row(slot)); });
    }
    for (const DeltaHit& hit : scratch.hits) ranked_.push_back({hit.distance, hit.row});
    cost_.hops += scratch.delta.hops;
    cost_.vectors_scored += scratch.delta.scored;
  }
  // The wait for the disk begins here.
  const auto ended = Clock::now();
  cost_.rank_us += microseconds(ended - submitted_);
  submitted_ = ended;
}

Status QuerySlot::finish() {
  const auto arrived = Clock::now();
  cost_.read_us = microseconds(arrived - submitted_);
  VAMANA_TRY(check_read_slots());
  rank();
  const auto ended = Clock::now();
  cost_.rank_us += microseconds(ended - arrived);
  cost_.total_us = microseconds(ended - started_);
  request_->costs[query_] = cost_;
  return Status();
}

Status QuerySlot::check_read_slots() {
  if (batch_.requests.empty()) return Status();
  VAMANA_TRY(batch_.status);
  for (size_t i = 0; i < read_.size(); ++i) {
    const Wanted& wanted = wanted_[read_[i]];
    const Segment& segment = *snapshot().segments()[wanted.part].segment;
    const uint8_t* const data = batch_.requests[i].data;
    if (!segment.slot_valid(wanted.slot, data)) return segment.slot_error(wanted.slot);
    cache_.insert(segment.cache_key(wanted.slot), data);
    slot_data_[read_[i]] = data;
  }
  return Status();
}

void QuerySlot::rank() {
  const uint32_t dim = space_.dim, k = request_->params.k;
  const DistanceFn distance = distance_kernel(space_.metric, space_.element);
  const uint8_t* const query = raw_query();
  // Every record on the pages that came, not the candidates alone: the order that put them there put near
  // records together, and a distance costs some nanoseconds where a page cost a read.
  for (size_t i = 0; i < wanted_.size(); ++i) {
    const auto& part = snapshot().segments()[wanted_[i].part];
    const Segment& segment = *part.segment;
    const uint32_t per_slot = segment.vectors_header().vectors.records_per_slot;
    const bool some_dead = !part.dead_nodes.empty();
    const uint64_t first = wanted_[i].slot * per_slot, last = std::min<uint64_t>(segment.rows(), first + per_slot);
    for (uint64_t at = first; at < last; ++at) {
      const auto node = static_cast<uint32_t>(at);
      if (some_dead && part.dead_nodes.test(node)) continue;
      const uint8_t* record = segment.record_in_slot(slot_data_[i], node);
      ranked_.push_back({distance(query, record, dim), segment.row_in_record(record)});
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
