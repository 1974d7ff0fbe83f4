#include "search/query_slot.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/kernels.h"
#include "search/code_scan.h"
#include "search/filtered_delta.h"
#include "search/filtered_search.h"
#include "search/rerank.h"

namespace vamana {

namespace {

// The first wave goes out when this many times k nodes have been expanded. Sooner wastes reads on nodes that fall
// back later, later leaves less to overlap: on a million rows at list size 80 the k nearest at 1, 1.6, 2 and 3
// times k cost 9, 4.5, 3 and 1 percent more reads than none.
constexpr size_t kEarlySettled = 2;

// Dead nodes that one walk passes through at most, some tens of milliseconds' work. Where more than these lie
// around a query, it answers with what it has found: such a segment is due for rebuilding.
constexpr size_t kPassMax = 65536;

// Codes that are scored in the time of one hop of a walk.
constexpr uint64_t kCodesAHop = 64;

// Of a segment whose rows are mostly dead: whether its nodes that live are fewer than the codes that a walk scores on
// its way through the others. It expands `list_size` of them, and for each as many dead ones as there are to one that
// lives.
bool scan_is_quicker(uint64_t rows, uint64_t dead, uint64_t list_size) {
  const uint64_t live = rows - dead;
  return live < rows / 4 && live * live < list_size * rows * kCodesAHop;
}

float microseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<float, std::micro>(duration).count();
}

}  // namespace

QuerySlot::QuerySlot(const VectorSpace& space, PageCache& cache, StrategyTimes& times, std::span<uint8_t> arena,
                     bool early)
    : space_(space),
      cache_(cache),
      times_(times),
      arena_(arena),
      early_wave_(early),
      widened_(space.dim) {
  early_.batch().owner = this;
  late_.batch().owner = this;
}

void QuerySlot::begin(std::shared_ptr<SearchRequest> request, uint32_t query, SearchScratch& scratch,
                      ReadSession& session) {
  request_ = std::move(request);
  query_ = query;
  cost_ = QueryCost{};
  started_ = Clock::now();
  room_ = arena_;
  early_.clear();
  early_status_ = Status();
  late_.clear();
  ranked_.clear();
  sure_.clear();
  filters_.clear();
  effective_ = request_->params;
  status_ = walk_and_read(scratch, session);
  walked_ = Clock::now();
  cost_.walk_us = microseconds(walked_ - started_);
  if (status_.ok()) search_deltas(scratch);
}

Status QuerySlot::walk_and_read(SearchScratch& scratch, ReadSession& session) {
  const auto& parts = snapshot().segments();
  beams_.clear();
  spreads_.clear();
  if (parts.empty()) return Status();
  widen_query();
  while (scratch.walks.size() < parts.size()) scratch.walks.emplace_back();
  for (uint32_t part = 0; part < parts.size(); ++part) {
    VAMANA_TRY(request_->filter == nullptr ? walk_segment(part, scratch.walks[part], session)
                                           : walk_filtered(part, scratch.walks[part], session));
  }
  VAMANA_TRY(std::exchange(early_status_, Status()));
  depths_.resize(parts.size());
  rerank_depths(effective_, space_.metric, spreads_, beams_, depths_);
  sure_depths_.assign(parts.size(), 0);
  if (request_->params.approximate) {
    VAMANA_TRY(keep_sure());
  }
  wanted_.clear();
  for (uint32_t part = 0; part < parts.size(); ++part) {
    want(part, *beams_[part], sure_depths_[part], depths_[part]);
    cost_.reranked += static_cast<uint32_t>(depths_[part] - sure_depths_[part]);
  }
  return read_wanted(late_, session);
}

// Fills sure_depths_, and sure_ with who needs no read.
Status QuerySlot::keep_sure() {
  const auto& parts = snapshot().segments();
  sure_depths(effective_, space_.metric, spreads_, beams_, sure_depths_);
  for (uint32_t part = 0; part < parts.size(); ++part) {
    if (sure_depths_[part] == 0) continue;
    const Segment& segment = *parts[part].segment;
    VAMANA_ASSIGN(const uint32_t* const row_ids, segment.row_ids());
    for (size_t i = 0; i < sure_depths_[part]; ++i) {
      const Candidate& candidate = (*beams_[part])[i];
      sure_.push_back({{part, segment.slot_of(candidate.node)}, {candidate.distance, row_ids[candidate.node]}});
    }
  }
  return Status();
}

void QuerySlot::widen_query() {
  widen_kernel(space_.element)(raw_query(), space_.dim, widened_.data());
  if (space_.metric == Metric::kCosine) normalise(widened_.data(), space_.dim);
}

Status QuerySlot::walk_segment(uint32_t part, WalkScratch& scratch, ReadSession& session) {
  const SearchParams& params = request_->params;
  const Segment& segment = *snapshot().segments()[part].segment;
  const BitChunks& dead = snapshot().segments()[part].dead_nodes;
  const CodeDistance distance = prepare_codes(segment);
  const GraphFields& graph = segment.graph_header().graph;
  const std::span entries(graph.entries.data(), graph.entry_count);
  const size_t list_size = std::max({params.list_size, params.k, params.rerank});
  const CancelFlag* const cancel = request_->cancel.get();
  bool ended;
  const CandidateList* beam = &scratch.beam;
  if (dead.empty()) {
    const size_t settled = reads_early() ? kEarlySettled * params.k : kMaxListSize;
    ended = walk(segment.graph(), entries, distance, list_size, cancel, scratch, settled,
                 [&] { read_nearest(scratch.beam, session); });
  } else if (scan_is_quicker(segment.rows(), dead.count(), list_size)) {
    scratch.beam.reset(list_size);
    scratch.hops = 0;
    const auto insert = [&scratch](float from, uint32_t node) { scratch.beam.insert(from, node); };
    CodeScan scan(distance, scratch.beam, cancel, insert);
    ended = dead.for_each_absent(segment.rows(), [&](uint32_t node) { return scan.add(node); }) && scan.finish();
    scratch.scored = scan.scored();
  } else {
    ended = walk_passing(
        segment.graph(), entries, distance, list_size, list_size + kPassMax,
        [&dead](uint32_t node) { return !dead.test(node); }, cancel, scratch);
    beam = &scratch.passing.counted();
  }
  cost_.hops += scratch.hops;
  cost_.codes_scored += scratch.scored;
  beams_.push_back(beam);
  spreads_.push_back(segment.codes_header().codes.error_spread);
  return ended ? Status() : aborted_status("the search");
}

// Of several segments each would send a wave of its own, and none knows yet which of them is near. Nor does an
// approximate search want the nearest: these are what it is sure of.
bool QuerySlot::reads_early() const {
  return early_wave_ && snapshot().segments().size() == 1 && !request_->params.approximate;
}

// The first wave: the pages of the k nearest so far, of the only segment. Once a query, and told by early_status_.
void QuerySlot::read_nearest(const CandidateList& beam, ReadSession& session) {
  const bool has_read = !early_.slots().empty();
  if (has_read || !reads_early()) return;
  wanted_.clear();
  want(0, beam, 0, std::min<size_t>(request_->params.k, beam.size()));
  early_status_ = read_wanted(early_, session);
}

CodeDistance QuerySlot::prepare_codes(const Segment& segment) {
  table_.resize(std::max(table_.size(), segment.codec().query_floats()));
  segment.codec().prepare(widened_.data(), table_.data());
  return CodeDistance(segment.codec(), segment.code_layout(), table_.data());
}

// Where nothing matches the segment has no candidates, and costs nothing.
Status QuerySlot::walk_filtered(uint32_t part, WalkScratch& scratch, ReadSession& session) {
  const SearchParams& params = request_->params;
  const auto& [segment, dead] = snapshot().segments()[part];
  VAMANA_ASSIGN(const std::shared_ptr<const NodeFilter> nodes, request_->filter->nodes_of(segment));
  filters_.push_back(nodes);
  spreads_.push_back(segment->codes_header().codes.error_spread);
  cost_.matches += static_cast<uint32_t>(nodes->count());
  if (nodes->count() == 0) {
    scratch.beam.reset(1);
    beams_.push_back(&scratch.beam);
    return Status();
  }
  const auto begun = Clock::now();
  const FilterShape shape{segment->rows(),  nodes->count(),
                          nodes->runs(),    std::max(params.k, params.rerank),
                          params.list_size, segment->graph_header().graph.degree};
  const FilterPlan plan = plan_filter(shape, times_.costs(), params.strategy);
  const CodeDistance distance = prepare_codes(*segment);
  const FilteredInput input{*segment, *nodes, dead, distance, request_->cancel.get()};
  const auto on_settled = [this, &session](const CandidateList& settled) { read_nearest(settled, session); };
  const CandidateList* const beam = filtered_candidates(input, plan, params.k, scratch, &cost_, on_settled);
  if (beam == nullptr) return aborted_status("the search");
  // With what another strategy took where the planned one gave way: that is what planning it costs.
  times_.learn(plan.strategy, plan.expected_us, microseconds(Clock::now() - begun));
  cost_.expected_us += static_cast<float>(plan.expected_us);
  effective_.list_size = std::max(effective_.list_size, plan.list_size());
  beams_.push_back(beam);
  return Status();
}

// Adds the slots of the candidates from the `first` to the `depth` nearest to wanted_.
void QuerySlot::want(uint32_t part, const CandidateList& beam, size_t first, size_t depth) {
  const Segment& segment = *snapshot().segments()[part].segment;
  for (size_t i = first; i < depth; ++i) wanted_.push_back({part, segment.slot_of(beam[i].node)});
}

// Starts reading the slots wanted that no wave has.
Status QuerySlot::read_wanted(SlotReads& wave, ReadSession& session) {
  std::sort(wanted_.begin(), wanted_.end());
  wanted_.erase(std::unique(wanted_.begin(), wanted_.end()), wanted_.end());
  // Those of the first wave are in ascending order.
  const std::span<const SlotPlace> had = early_.slots();
  std::erase_if(wanted_, [&](const SlotPlace& place) { return std::binary_search(had.begin(), had.end(), place); });
  VAMANA_TRY(wave.plan(snapshot().segments(), cache_, wanted_, &room_, &cost_));
  if (wave.batch().requests.empty()) return Status();
  ++waiting_;
  session.submit(&wave.batch());
  return Status();
}

void QuerySlot::search_deltas(SearchScratch& scratch) {
  if (snapshot().deltas().empty()) return;
  const SearchParams& params = request_->params;
  const BitChunks& dead = snapshot().dead_rows();
  for (const auto& part : snapshot().deltas()) {
    if (part.visible == part.dead) continue;
    if (request_->filter != nullptr) {
      cost_.matches +=
          filtered_delta_search(part, dead, *request_->filter, raw_query(), params, scratch.delta, scratch.hits);
    } else {
      search_delta(part, scratch);
    }
    for (const DeltaHit& hit : scratch.hits) ranked_.push_back({hit.distance, hit.row});
    cost_.hops += scratch.delta.hops;
    cost_.vectors_scored += scratch.delta.scored;
  }
  // The wait for the disk begins here.
  const auto ended = Clock::now();
  cost_.rank_us += microseconds(ended - walked_);
  walked_ = ended;
}

void QuerySlot::search_delta(const SearchSnapshot::DeltaPart& part, SearchScratch& scratch) {
  const SearchParams& params = request_->params;
  const Delta& delta = *part.delta;
  const auto search = [&](const auto& accept) {
    delta_search(delta, part.visible, raw_query(), params.k, params.list_size, accept, scratch.delta, scratch.hits);
  };
  if (part.dead == 0) {
    search([](uint32_t) { return true; });
  } else {
    search([&](uint32_t slot) { return !snapshot().dead_rows().test(delta.row(slot)); });
  }
}

Status QuerySlot::finish() {
  const auto arrived = Clock::now();
  cost_.read_us = microseconds(arrived - walked_);
  VAMANA_TRY(std::exchange(status_, Status()));
  for (SlotReads* wave : {&early_, &late_}) {
    VAMANA_TRY(wave->check(snapshot().segments(), cache_));
    rank(*wave);
  }
  add_sure();
  write_results();
  const auto ended = Clock::now();
  cost_.rank_us += microseconds(ended - arrived);
  cost_.total_us = microseconds(ended - started_);
  request_->costs[query_] = cost_;
  return Status();
}

// Every record on the pages that came, not the candidates alone: the order that put them there put near records
// together, and a distance costs some nanoseconds where a page cost a read.
void QuerySlot::rank(const SlotReads& wave) {
  const uint32_t dim = space_.dim;
  const DistanceFn distance = distance_kernel(space_.metric, space_.element);
  const uint8_t* const query = raw_query();
  for (size_t i = 0; i < wave.slots().size(); ++i) {
    const SlotPlace place = wave.slots()[i];
    const auto& part = snapshot().segments()[place.part];
    const Segment& segment = *part.segment;
    const uint32_t per_slot = segment.vectors_header().vectors.records_per_slot;
    const bool some_dead = !part.dead_nodes.empty();
    const NodeFilter* const filter = filters_.empty() ? nullptr : filters_[place.part].get();
    const uint64_t first = place.slot * per_slot, last = std::min<uint64_t>(segment.rows(), first + per_slot);
    for (uint64_t at = first; at < last; ++at) {
      const auto node = static_cast<uint32_t>(at);
      if (some_dead && part.dead_nodes.test(node)) continue;
      if (filter != nullptr && !filter->test(node)) continue;
      const uint8_t* record = segment.record_in_slot(wave.data(i), node);
      ranked_.push_back({distance(query, record, dim), segment.row_in_record(record)});
    }
  }
}

// Those whose page came all the same have been ranked by their exact distance.
void QuerySlot::add_sure() {
  const std::span<const SlotPlace> read = late_.slots();
  for (const Sure& sure : sure_) {
    if (!std::binary_search(read.begin(), read.end(), sure.place)) ranked_.push_back(sure.estimate);
  }
}

void QuerySlot::write_results() {
  const uint32_t k = request_->params.k;
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
