#include "graph/packed_graph.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <mutex>
#include <vector>

#include "base/check.h"
#include "base/coding.h"
#include "graph/list_packing.h"

namespace vamana {

namespace {

constexpr uint64_t kGroupNodes = 64;
constexpr uint64_t kGroupBytes = 8 + kGroupNodes * 2;
constexpr uint64_t kListsAlignment = 64;
constexpr uint64_t kTailBytes = 64;
constexpr size_t kGrain = 64 * kGroupNodes;

uint64_t directory_bytes_for(uint64_t rows) { return div_up(rows, kGroupNodes) * kGroupBytes; }

ListLayout make_layout(const Packing& packing) {
  ListLayout layout;
  layout.degree = packing.degree;
  layout.selector_bits =
      packing.width_classes <= 1 ? 0 : static_cast<uint32_t>(std::bit_width(packing.width_classes - 1));
  for (uint32_t c = 0; c < packing.width_classes; ++c) {
    layout.class_bits[c] = packing.class_bits[c];
    layout.bits_max = std::max<uint32_t>(layout.bits_max, packing.class_bits[c]);
  }
  return layout;
}

}  // namespace

uint64_t graph_payload_bytes(const Packing& packing) {
  return round_up(packing.directory_bytes, kListsAlignment) + packing.list_bytes + kTailBytes;
}

Result<PackedGraph> PackedGraph::pack(uint64_t rows, uint32_t degree, const Lists& neighbours, ThreadPool& pool) {
  VAMANA_CHECK(rows >= 1 && degree <= kMaxDegree);
  // 1. How wide the gaps are, over the whole graph.
  std::mutex mutex;
  GapHistogram histogram{};
  uint64_t edges = 0;
  pool.parallel_for(rows, kGrain, [&](size_t begin, size_t end, size_t) {
    GapHistogram own{};
    uint64_t own_edges = 0;
    GapList gaps;
    for (size_t node = begin; node < end; ++node) {
      gaps.assign(static_cast<uint32_t>(node), neighbours(static_cast<uint32_t>(node)));
      for (uint32_t i = 0; i < gaps.count; ++i) ++own[std::bit_width(gaps.values[i])];
      own_edges += gaps.count;
    }
    std::lock_guard lock(mutex);
    for (size_t i = 0; i < own.size(); ++i) histogram[i] += own[i];
    edges += own_edges;
  });

  PackedGraph graph;
  graph.rows_ = rows;
  graph.packing_ = choose_width_classes(histogram);
  graph.packing_.degree = degree;
  graph.packing_.edges = edges;
  graph.packing_.directory_bytes = directory_bytes_for(rows);
  graph.layout_ = make_layout(graph.packing_);

  // 2. How many bytes each group of 64 lists takes, and with that where each begins.
  const uint64_t groups = div_up(rows, kGroupNodes);
  std::vector<uint64_t> group_begin(groups + 1, 0);
  pool.parallel_for(groups, kGrain / kGroupNodes, [&](size_t begin, size_t end, size_t) {
    GapList gaps;
    for (size_t group = begin; group < end; ++group) {
      uint64_t bytes = 0;
      for (uint64_t node = group * kGroupNodes; node < std::min(rows, (group + 1) * kGroupNodes); ++node) {
        gaps.assign(static_cast<uint32_t>(node), neighbours(static_cast<uint32_t>(node)));
        bytes += packed_list_bytes(gaps, graph.layout_);
      }
      group_begin[group + 1] = bytes;
    }
  });
  for (uint64_t group = 0; group < groups; ++group) group_begin[group + 1] += group_begin[group];
  graph.packing_.list_bytes = group_begin[groups];

  // 3. The lists themselves.
  VAMANA_ASSIGN(graph.payload_, AlignedBuffer::create(graph_payload_bytes(graph.packing_)));
  uint8_t* const directory = graph.payload_.data();
  uint8_t* const lists = directory + round_up(graph.packing_.directory_bytes, kListsAlignment);
  pool.parallel_for(groups, kGrain / kGroupNodes, [&](size_t begin, size_t end, size_t) {
    GapList gaps;
    for (size_t group = begin; group < end; ++group) {
      uint8_t* const entry = directory + group * kGroupBytes;
      store_le<uint64_t>(entry, group_begin[group]);
      uint64_t at = group_begin[group];
      for (uint64_t i = 0; i < kGroupNodes; ++i) {
        store_le<uint16_t>(entry + 8 + 2 * i, static_cast<uint16_t>(at - group_begin[group]));
        const uint64_t node = group * kGroupNodes + i;
        if (node >= rows) continue;
        gaps.assign(static_cast<uint32_t>(node), neighbours(static_cast<uint32_t>(node)));
        at += write_packed_list(gaps, graph.layout_, lists + at);
      }
      // Below only where `neighbours` came to fail since step 2 and yields less; its owner discards the graph then.
      VAMANA_CHECK(at <= group_begin[group + 1] && at - group_begin[group] <= std::numeric_limits<uint16_t>::max());
    }
  });
  graph.attach();
  return graph;
}

Result<PackedGraph> PackedGraph::adopt(uint64_t rows, const Packing& packing, AlignedBuffer payload) {
  if (packing.degree > kMaxDegree || packing.width_classes < 1 || packing.width_classes > kWidthClassesMax ||
      packing.directory_bytes != directory_bytes_for(rows) || packing.list_bytes > payload.size() ||
      payload.size() < graph_payload_bytes(packing)) {
    return Status(
        Code::kCorrupt,
        format("graph: degree %u, %u width classes, %llu directory bytes and a payload of %zu bytes do not "
               "describe %llu rows",
               packing.degree, packing.width_classes, static_cast<unsigned long long>(packing.directory_bytes),
               payload.size(), static_cast<unsigned long long>(rows)));
  }
  for (uint32_t c = 0; c < packing.width_classes; ++c) {
    if (packing.class_bits[c] > 32)
      return Status(Code::kCorrupt, format("graph: width class %u is %u bits, at most 32", c, packing.class_bits[c]));
  }
  PackedGraph graph;
  graph.rows_ = rows;
  graph.packing_ = packing;
  graph.layout_ = make_layout(packing);
  graph.payload_ = std::move(payload);
  graph.attach();
  return graph;
}

void PackedGraph::attach() {
  directory_ = payload_.data();
  lists_ = directory_ + round_up(packing_.directory_bytes, kListsAlignment);
  unpack_ = unpack_kernel(kernels().level, layout_);
}

Status PackedGraph::check_lists(ThreadPool& pool) const {
  std::mutex mutex;
  Status first;
  uint64_t first_node = rows_;
  std::atomic<uint64_t> edges{0};
  const uint64_t groups = div_up(rows_, kGroupNodes);
  pool.parallel_for(groups, kGrain / kGroupNodes, [&](size_t begin, size_t end, size_t) {
    uint64_t own_edges = 0;
    for (size_t group = begin; group < end; ++group) {
      for (uint64_t node = group * kGroupNodes; node < std::min(rows_, (group + 1) * kGroupNodes); ++node) {
        uint32_t count = 0;
        Status status = check_list(node, &count);
        own_edges += count;
        if (status.ok()) continue;
        std::lock_guard lock(mutex);
        if (node < first_node) {
          first_node = node;
          first = std::move(status);
        }
        return;
      }
    }
    edges.fetch_add(own_edges, std::memory_order_relaxed);
  });
  if (!first.ok()) return first;
  if (edges != packing_.edges) {
    return Status(Code::kCorrupt, format("graph: the lists hold %llu edges, the header says %llu",
                                         static_cast<unsigned long long>(edges.load()),
                                         static_cast<unsigned long long>(packing_.edges)));
  }
  return Status();
}

Status PackedGraph::check_list(uint64_t node, uint32_t* count) const {
  // Where the list must end: the next node's begin, or the next group's, or the end of all lists.
  const uint8_t* const entry = directory_ + node / kGroupNodes * kGroupBytes;
  const uint64_t slot = node % kGroupNodes;
  const uint64_t begin = load_le<uint64_t>(entry) + load_le<uint16_t>(entry + 8 + 2 * slot);
  uint64_t end = packing_.list_bytes;
  if (slot + 1 < kGroupNodes) {
    end = load_le<uint64_t>(entry) + load_le<uint16_t>(entry + 8 + 2 * (slot + 1));
  } else if ((node / kGroupNodes + 1) * kGroupBytes < packing_.directory_bytes) {
    end = load_le<uint64_t>(entry + kGroupBytes);
  }
  if (begin > end || end > packing_.list_bytes) {
    return Status(Code::kCorrupt,
                  format("graph: the list of node %llu lies at %llu..%llu of %llu bytes",
                         static_cast<unsigned long long>(node), static_cast<unsigned long long>(begin),
                         static_cast<unsigned long long>(end), static_cast<unsigned long long>(packing_.list_bytes)));
  }
  return check_packed_list(lists_ + begin, end - begin, node, rows_, layout_, count);
}

uint32_t PackedGraph::decode(uint32_t node, uint32_t* out) const { return unpack_(list_of(node), node, layout_, out); }

double PackedGraph::bits_per_edge() const {
  return packing_.edges == 0 ? 0 : 8.0 * static_cast<double>(packing_.list_bytes) / static_cast<double>(packing_.edges);
}

}  // namespace vamana
