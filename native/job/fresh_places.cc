#include "job/fresh_places.h"

#include <algorithm>

namespace vamana {

namespace {

constexpr uint32_t kNowhere = 0xFFFFFFFFu;
// How often what named only fresh nodes looks again whether one of them has a place.
constexpr int kRounds = 3;

// The node kept that `node` goes behind.
uint32_t anchor_of(const BuildGraph& graph, uint64_t kept, const std::vector<uint32_t>& anchors, uint32_t node) {
  for (const uint32_t neighbour : graph.list(node)) {
    if (neighbour < kept) return neighbour;
  }
  for (const uint32_t neighbour : graph.list(node)) {
    if (anchors[neighbour - kept] != kNowhere) return anchors[neighbour - kept];
  }
  return kNowhere;
}

}  // namespace

std::vector<uint32_t> places_of_fresh(const BuildGraph& graph, uint64_t kept) {
  std::vector<uint32_t> anchors(graph.rows() - kept, kNowhere);
  for (int round = 0; round < kRounds; ++round) {
    for (uint64_t i = 0; i < anchors.size(); ++i) {
      if (anchors[i] == kNowhere) anchors[i] = anchor_of(graph, kept, anchors, static_cast<uint32_t>(kept + i));
    }
  }
  std::vector<uint64_t> fresh(anchors.size());  // anchor << 32 | node
  for (uint64_t i = 0; i < anchors.size(); ++i) fresh[i] = uint64_t{anchors[i]} << 32 | (kept + i);
  std::sort(fresh.begin(), fresh.end());
  std::vector<uint32_t> order;
  order.reserve(graph.rows());
  size_t next = 0;
  const auto take_behind = [&](uint32_t anchor) {
    for (; next < fresh.size() && fresh[next] >> 32 == anchor; ++next)
      order.push_back(static_cast<uint32_t>(fresh[next]));
  };
  for (uint64_t node = 0; node < kept; ++node) {
    order.push_back(static_cast<uint32_t>(node));
    take_behind(static_cast<uint32_t>(node));
  }
  take_behind(kNowhere);
  return order;
}

}  // namespace vamana
