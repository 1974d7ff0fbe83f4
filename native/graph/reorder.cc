#include "graph/reorder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace vamana {

namespace {

constexpr size_t kLeafNodes = 8;
constexpr int kRounds = 10;

// Who names a node in its list: the graph's edges turned round, each node also naming itself, because the
// packed lists count the node among its neighbours.
struct InEdges {
  std::vector<uint64_t> begin;
  std::vector<uint32_t> sources;

  std::span<const uint32_t> of(uint32_t node) const {
    return {sources.data() + begin[node], begin[node + 1] - begin[node]};
  }
};

// Nodes go by their places in `start`; by their own numbers where it is empty.
InEdges invert(const BuildGraph& graph, std::span<const uint32_t> start) {
  InEdges in;
  const uint64_t rows = graph.rows();
  std::vector<uint32_t> place_of(start.size());
  for (size_t place = 0; place < start.size(); ++place) place_of[start[place]] = static_cast<uint32_t>(place);
  const auto node_at = [&](uint64_t place) { return start.empty() ? static_cast<uint32_t>(place) : start[place]; };
  const auto place = [&](uint32_t node) { return start.empty() ? node : place_of[node]; };
  in.begin.assign(rows + 1, 0);
  for (uint64_t at = 0; at < rows; ++at) {
    ++in.begin[at + 1];
    for (const uint32_t neighbour : graph.list(node_at(at))) ++in.begin[place(neighbour) + 1];
  }
  std::partial_sum(in.begin.begin(), in.begin.end(), in.begin.begin());
  in.sources.resize(in.begin[rows]);
  std::vector<uint64_t> next(in.begin.begin(), in.begin.end() - 1);
  for (uint64_t at = 0; at < rows; ++at) {
    in.sources[next[at]++] = static_cast<uint32_t>(at);
    for (const uint32_t neighbour : graph.list(node_at(at))) {
      in.sources[next[place(neighbour)]++] = static_cast<uint32_t>(at);
    }
  }
  return in;
}

// A list with d of its numbers in a half pays about d * log2(size / (d + 1)) bits there; the half's size
// is the same for both, so what counts is d * log2(d + 1), here as its step from d to d + 1.
std::array<float, 256> make_steps() {
  std::array<float, 256> steps{};
  const auto value = [](double d) { return d * std::log2(d + 1); };
  for (size_t d = 0; d < steps.size(); ++d)
    steps[d] = static_cast<float>(value(static_cast<double>(d) + 1) - value(static_cast<double>(d)));
  return steps;
}

// Scratch of one thread: for each list, how many of its numbers lie in the left and in the right half of
// the range in hand. Zero between ranges.
struct HalfCounts {
  std::vector<std::array<uint8_t, 2>> of;
};

struct Gain {
  float gain;
  uint32_t node;
  bool operator<(const Gain& other) const { return gain > other.gain || (gain == other.gain && node < other.node); }
};

class Bisection {
 public:
  Bisection(InEdges in, uint64_t rows, uint32_t page_nodes, ThreadPool& pool)
      : in_(std::move(in)),
        page_nodes_(page_nodes),
        pool_(pool),
        steps_(make_steps()),
        counts_(pool.threads()),
        order_(rows) {
    std::iota(order_.begin(), order_.end(), 0u);
  }

  Result<std::vector<uint32_t>> run(const CancelFlag& cancel) {
    std::vector<size_t> cuts{0, order_.size()};
    for (bool more = true; more;) {
      if (cancel.cancelled()) return aborted_status("reordering");
      pool_.parallel_for(cuts.size() - 1, 1, [&](size_t begin, size_t end, size_t worker) {
        for (size_t r = begin; r < end; ++r) {
          if (!cancel.cancelled()) split({order_.data() + cuts[r], cuts[r + 1] - cuts[r]}, counts_[worker]);
        }
      });
      more = false;
      std::vector<size_t> next{0};
      for (size_t r = 0; r + 1 < cuts.size(); ++r) {
        const size_t size = cuts[r + 1] - cuts[r];
        if (size > kLeafNodes) next.push_back(cuts[r] + left_half(size));
        next.push_back(cuts[r + 1]);
        more = more || std::max(left_half(size), size - left_half(size)) > kLeafNodes;
      }
      cuts.swap(next);
    }
    return std::move(order_);
  }

 private:
  // Ranges of several pages are cut between pages, so that what belongs together ends on one.
  size_t left_half(size_t size) const {
    return size > page_nodes_ ? (size / page_nodes_ + 1) / 2 * page_nodes_ : size / 2;
  }

  void split(std::span<uint32_t> range, HalfCounts& counts) const {
    if (range.size() <= kLeafNodes) return;
    if (counts.of.empty()) counts.of.resize(order_.size());
    const size_t half = left_half(range.size());
    for (size_t i = 0; i < range.size(); ++i) {
      for (const uint32_t list : in_.of(range[i])) ++counts.of[list][i < half ? 0 : 1];
    }
    std::vector<Gain> left(half), right(range.size() - half);
    for (int round = 0; round < kRounds; ++round) {
      for (size_t i = 0; i < half; ++i) left[i] = {gain(range[i], 0, counts), range[i]};
      for (size_t i = half; i < range.size(); ++i) right[i - half] = {gain(range[i], 1, counts), range[i]};
      std::sort(left.begin(), left.end());
      std::sort(right.begin(), right.end());
      size_t swaps = 0;
      while (swaps < std::min(left.size(), right.size()) && left[swaps].gain + right[swaps].gain > 0) {
        move(left[swaps].node, 0, counts);
        move(right[swaps].node, 1, counts);
        std::swap(left[swaps].node, right[swaps].node);
        ++swaps;
      }
      for (size_t i = 0; i < half; ++i) range[i] = left[i].node;
      for (size_t i = half; i < range.size(); ++i) range[i] = right[i - half].node;
      if (swaps * 200 < range.size()) break;
    }
    for (const uint32_t node : range) {
      for (const uint32_t list : in_.of(node)) counts.of[list] = {0, 0};
    }
    std::sort(range.begin(), range.begin() + static_cast<ptrdiff_t>(half));
    std::sort(range.begin() + static_cast<ptrdiff_t>(half), range.end());
  }

  // What all lists gain when the node goes from side `from` to the other.
  float gain(uint32_t node, size_t from, const HalfCounts& counts) const {
    float sum = 0;
    for (const uint32_t list : in_.of(node)) {
      const auto& count = counts.of[list];
      sum += steps_[count[1 - from]] - steps_[count[from] - 1u];
    }
    return sum;
  }

  void move(uint32_t node, size_t from, HalfCounts& counts) const {
    for (const uint32_t list : in_.of(node)) {
      --counts.of[list][from];
      ++counts.of[list][1 - from];
    }
  }

  const InEdges in_;
  const size_t page_nodes_;
  ThreadPool& pool_;
  const std::array<float, 256> steps_;
  std::vector<HalfCounts> counts_;
  std::vector<uint32_t> order_;
};

}  // namespace

Result<std::vector<uint32_t>> bisection_order(const BuildGraph& graph, uint32_t page_nodes, ThreadPool& pool,
                                              const CancelFlag& cancel) {
  return Bisection(invert(graph, {}), graph.rows(), page_nodes, pool).run(cancel);
}

Result<std::vector<uint32_t>> bisection_order_from(std::vector<uint32_t> start, const BuildGraph& graph,
                                                   uint32_t page_nodes, ThreadPool& pool, const CancelFlag& cancel) {
  VAMANA_ASSIGN(std::vector<uint32_t> order,
                Bisection(invert(graph, start), graph.rows(), page_nodes, pool).run(cancel));
  for (uint32_t& place : order) place = start[place];
  return order;
}

std::vector<uint32_t> breadth_first_order(const BuildGraph& graph, uint32_t entry) {
  std::vector<bool> seen(graph.rows(), false);
  std::vector<uint32_t> order{entry};
  order.reserve(graph.rows());
  seen[entry] = true;
  for (size_t at = 0; at < order.size(); ++at) {
    for (const uint32_t neighbour : graph.list(order[at])) {
      if (seen[neighbour]) continue;
      seen[neighbour] = true;
      order.push_back(neighbour);
    }
  }
  VAMANA_CHECK(order.size() == graph.rows());
  return order;
}

uint64_t bisection_bytes(uint64_t rows, uint32_t degree, uint32_t threads) {
  const uint64_t in_edges = rows * (uint64_t{degree} + 1) * sizeof(uint32_t) + 2 * (rows + 1) * sizeof(uint64_t);
  return in_edges + threads * rows * sizeof(std::array<uint8_t, 2>) + rows * (sizeof(uint32_t) + sizeof(Gain));
}

}  // namespace vamana
