// The live rows of some parts of a collection as the source of a build: how a frozen delta becomes a segment
// (flush), and how segments become one (merge). Rows keep their numbers.
//
// Places go through the segments in the order given, in each by node, then through the deltas by slot; dead rows
// have none. Of a row it holds 4 bytes (its number), and a bit for each node of the segments; vectors stay where
// they are and are read in bounded windows, their checksums checked.
//
// Thread safety: const after create; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bit_chunks.h"
#include "delta/delta.h"
#include "job/row_source.h"
#include "segment/segment.h"

namespace vamana {

class LiveRows final : public RowSource {
 public:
  struct SegmentRows {
    std::shared_ptr<const Segment> segment;
    BitChunks dead_nodes;
  };
  struct DeltaRows {
    std::shared_ptr<const Delta> delta;
    uint32_t visible = 0;  // the first so many rows
  };

  // `dead`: row ids, for the deltas. REQUIRES a part, all of one dimension and element. Reads the rows.seg of the
  // segments.
  static Result<std::shared_ptr<const LiveRows>> create(std::vector<SegmentRows> segments,
                                                        std::vector<DeltaRows> deltas, const BitChunks& dead);

  uint64_t rows() const override { return row_ids_.size(); }
  uint32_t dim() const override { return dim_; }
  Element element() const override { return element_; }
  Status read_rows(uint64_t first, uint64_t count, uint8_t* to) const override;
  uint32_t row_id(uint64_t place) const override { return row_ids_[place]; }

 private:
  struct SegmentPart {
    std::shared_ptr<const Segment> segment;
    BitChunks dead_nodes;
    uint64_t first = 0;                 // place of its first live row
    std::vector<uint32_t> live_before;  // by group of kGroupNodes nodes; empty when none is dead
  };
  struct DeltaPart {
    std::shared_ptr<const Delta> delta;
    uint64_t first = 0;
    std::vector<uint32_t> slots;  // of the live rows
  };

  LiveRows() = default;
  Status add(SegmentRows rows);
  void add(const DeltaRows& rows, const BitChunks& dead);
  static uint64_t node_at(const SegmentPart& part, uint64_t place);
  static Status read_segment(const SegmentPart& part, uint64_t place, uint64_t count, uint8_t* to);

  uint32_t dim_ = 0;
  Element element_ = Element::kF32;
  std::vector<SegmentPart> segments_;
  std::vector<DeltaPart> deltas_;
  std::vector<uint32_t> row_ids_;  // by place
};

}  // namespace vamana
