#include "graph/vamana_builder.h"

#include <numeric>
#include <span>

#include "base/prng.h"
#include "graph/reachability.h"

namespace vamana {

namespace {

// Every node, the medoid first and the others shuffled.
std::vector<uint32_t> insertion_order(uint64_t rows, uint32_t medoid, uint64_t seed) {
  std::vector<uint32_t> order(rows);
  std::iota(order.begin(), order.end(), 0u);
  std::swap(order[0], order[medoid]);
  Prng prng(seed);
  for (uint64_t i = rows; i > 2; --i) std::swap(order[i - 1], order[1 + prng.below(i - 1)]);
  return order;
}

}  // namespace

uint64_t vamana_scratch_bytes(uint64_t rows, const VamanaParams& params, uint32_t threads) {
  const uint64_t per_edge = sizeof(uint32_t) + sizeof(ReverseEdge) + sizeof(size_t);
  const uint64_t per_thread =
      uint64_t{params.build_list} * (24 * 2 * sizeof(uint32_t) + 16 * sizeof(Candidate)) + (1 << 16);
  return rows * sizeof(uint32_t) + 2 * batch_rows_max(rows) * params.prune.degree * per_edge + threads * per_thread;
}

Result<VamanaResult> build_vamana(const BuildSpace& space, const VamanaParams& params, ThreadPool& pool,
                                  const CancelFlag& cancel,
                                  const std::function<void(uint64_t, uint64_t)>& on_progress) {
  VamanaResult built;
  VAMANA_ASSIGN(built.graph, BuildGraph::create(space.rows(), build_places(params.prune.degree)));
  built.medoid = find_medoid(space, pool);
  {
    std::vector<uint32_t> order = insertion_order(space.rows(), built.medoid, params.seed);
    ExactLinks links(space, params, {&built.medoid, 1}, pool);
    VAMANA_TRY(link_in_batches(std::span(order).subspan(1), 1, built.graph, links, cancel, on_progress));
  }
  built.repaired = make_reachable(space, params.prune, params.build_list, built.medoid, built.graph);
  return built;
}

}  // namespace vamana
