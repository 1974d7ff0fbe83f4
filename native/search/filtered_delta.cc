#include "search/filtered_delta.h"

#include <algorithm>

namespace vamana {

namespace {

// Measuring a row that a filter names costs about as much as measuring one that a walk meets, and a walk meets this
// many for each place of its list, the more the fewer of them match.
constexpr uint64_t kMetAPlace = 16;

void measure_matching(const SearchSnapshot::DeltaPart& part, const BitChunks& dead, const RowFilter& filter,
                      const uint8_t* query, const SearchParams& params, DeltaScratch& scratch,
                      std::vector<DeltaHit>& out) {
  const Delta& delta = *part.delta;
  const DeltaMemory& memory = delta.memory();
  const DistanceFn kernel = distance_kernel(memory.metric(), memory.element());
  scratch.hops = 0;
  scratch.scored = 0;
  scratch.beam.reset(std::max(params.k, params.list_size), 0);
  CandidateList& beam = scratch.beam.counted();
  const uint32_t first = delta.row(0);
  uint32_t from = 0;  // no row of this slot or before is to come
  filter.for_each(first, delta.row(part.visible - 1), [&](uint32_t row) {
    // Rows of a delta ascend, most often one by one: the slot is as far on as the row, or before.
    uint32_t low = from, high = std::min(part.visible - 1, row - first);
    if (delta.row(high) != row) {
      while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (delta.row(middle) < row) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
    }
    from = high;
    if (delta.row(high) != row || (part.dead != 0 && dead.test(row))) return;
    const float distance = kernel(query, memory.vector(high), memory.dim());
    ++scratch.scored;
    if (beam.would_enter(distance)) beam.insert(distance, high);
  });
  out.clear();
  for (size_t i = 0; i < std::min<size_t>(params.k, beam.size()); ++i) {
    out.push_back({beam[i].distance, delta.row(beam[i].node)});
  }
}

}  // namespace

uint32_t filtered_delta_search(const SearchSnapshot::DeltaPart& part, const BitChunks& dead, const RowFilter& filter,
                               const uint8_t* query, const SearchParams& params, DeltaScratch& scratch,
                               std::vector<DeltaHit>& out) {
  const Delta& delta = *part.delta;
  out.clear();
  scratch.hops = 0;
  scratch.scored = 0;
  const uint64_t matches = filter.count_within(delta.row(0), delta.row(part.visible - 1));
  if (matches == 0) return 0;
  const uint64_t places = std::max(params.k, params.list_size);
  // A walk keeps one of visible / matches nodes that it expands.
  if (matches * matches <= places * kMetAPlace * part.visible) {
    measure_matching(part, dead, filter, query, params, scratch, out);
  } else {
    const auto accept = [&](uint32_t slot) {
      const uint32_t row = delta.row(slot);
      return filter.test(row) && (part.dead == 0 || !dead.test(row));
    };
    delta_search(delta, part.visible, query, params.k, params.list_size, accept, scratch, out);
  }
  return static_cast<uint32_t>(std::min<uint64_t>(matches, part.visible));
}

}  // namespace vamana
