// What one search sees: segments, deltas with the rows of them that are visible, and the rows that are dead.
// Immutable; a request holds its snapshot, and a snapshot holds its parts, so nothing that a search reads can
// go away under it.
//
// A row stands in one part at most. Dead rows are kept by row, for deltas and for parts to come, and by node
// for each segment, where walks ask; both are persistent bitmaps, so that a successor costs what changed.
//
// Thread safety: immutable; next() from any thread, reading the rows.seg of segments for rows that died.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/bit_chunks.h"
#include "base/status.h"
#include "delta/delta.h"
#include "segment/segment.h"

namespace vamana {

// What all vectors of an engine have in common.
struct VectorSpace {
  uint32_t dim = 0;
  Element element = Element::kF32;
  Metric metric = Metric::kL2;

  uint64_t vector_bytes() const { return uint64_t{dim} * element_bytes(element); }
  bool operator==(const VectorSpace&) const = default;
};
VectorSpace space_of(const Segment& segment);

class SearchSnapshot {
 public:
  struct SegmentPart {
    std::shared_ptr<const Segment> segment;
    BitChunks dead_nodes;
  };
  struct DeltaPart {
    std::shared_ptr<Delta> delta;
    uint32_t visible = 0;
    uint32_t dead = 0;  // of the visible rows
  };
  using Segments = std::vector<std::shared_ptr<const Segment>>;
  using Deltas = std::vector<std::shared_ptr<Delta>>;

  // A snapshot of these parts, every row of the deltas visible. INVALID_ARGUMENT when the parts are not all
  // of `space`.
  static Result<std::shared_ptr<const SearchSnapshot>> create(const VectorSpace& space, const Segments& segments,
                                                              const Deltas& deltas, std::span<const uint32_t> dead);

  struct Change {
    std::span<const uint32_t> dead = {};    // rows that die; may be dead already, or in no part
    std::optional<Segments> segments = {};  // in place of those before
    std::optional<Deltas> deltas = {};
  };
  // The successor: the change made, and all rows of the deltas visible that they have by now.
  Result<std::shared_ptr<const SearchSnapshot>> next(const Change& change) const;

  const VectorSpace& space() const { return space_; }
  const std::vector<SegmentPart>& segments() const { return segments_; }
  const std::vector<DeltaPart>& deltas() const { return deltas_; }
  const BitChunks& dead_rows() const { return dead_rows_; }
  uint64_t live_rows() const;

  // Where a live, visible row stands: its part (segments first, then deltas) and its node or slot there.
  struct Place {
    size_t part = 0;
    uint32_t at = 0;
  };
  Result<std::optional<Place>> find(uint32_t row) const;

 private:
  explicit SearchSnapshot(const VectorSpace& space) : space_(space) {}
  Status set_segments(const Segments& segments, const std::vector<SegmentPart>& before);
  Status set_deltas(const Deltas& deltas, const std::vector<DeltaPart>& before);
  void see_all_rows(DeltaPart& part);
  Status bury(std::span<const uint32_t> rows);

  const VectorSpace space_;
  std::vector<SegmentPart> segments_;
  std::vector<DeltaPart> deltas_;
  BitChunks dead_rows_;
};

}  // namespace vamana
