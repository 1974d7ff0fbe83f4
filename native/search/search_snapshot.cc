#include "search/search_snapshot.h"

#include <algorithm>

namespace vamana {

namespace {

// Looking one row up costs about as much as going over this many in order.
constexpr uint64_t kRowsALookup = 64;

Status space_error(const char* part, const VectorSpace& found, const VectorSpace& expected) {
  const auto text = [](const VectorSpace& space) {
    return format("dimension %u, %s, %s", space.dim, std::string(element_name(space.element)).c_str(),
                  std::string(metric_name(space.metric)).c_str());
  };
  return Status(Code::kInvalidArgument,
                format("a %s of %s, expected %s", part, text(found).c_str(), text(expected).c_str()));
}

// Nodes of the segment whose rows are in `dead`.
Result<std::vector<uint32_t>> dead_nodes_of(const Segment& segment, const BitChunks& dead) {
  const RowMap& map = segment.row_map();
  std::vector<uint32_t> nodes;
  const uint64_t end = uint64_t{map.last()} + 1;
  const uint64_t suspects = dead.count(map.first(), end);
  if (suspects == 0) return nodes;
  if (suspects > segment.rows() / kRowsALookup) {
    VAMANA_TRY(map.for_each([&](uint32_t row, uint32_t node) {
      if (dead.test(row)) nodes.push_back(node);
      return Status();
    }));
    return nodes;
  }
  for (const uint32_t row : dead.members(map.first(), end)) {
    VAMANA_ASSIGN(const std::optional<uint32_t> node, map.node_of(row));
    if (node) nodes.push_back(*node);
  }
  return nodes;
}

}  // namespace

VectorSpace space_of(const Segment& segment) { return {segment.dim(), segment.element(), segment.metric()}; }

Result<std::shared_ptr<const SearchSnapshot>> SearchSnapshot::create(const VectorSpace& space, const Segments& segments,
                                                                     const Deltas& deltas,
                                                                     std::span<const uint32_t> dead) {
  const SearchSnapshot nothing(space);
  std::shared_ptr<SearchSnapshot> made(new SearchSnapshot(space));
  // First the dead, so that each segment is asked once for all of them.
  made->dead_rows_ = nothing.dead_rows_.with(dead);
  VAMANA_TRY(made->set_segments(segments, {}));
  VAMANA_TRY(made->set_deltas(deltas, {}));
  return std::shared_ptr<const SearchSnapshot>(std::move(made));
}

Result<std::shared_ptr<const SearchSnapshot>> SearchSnapshot::next(const Change& change) const {
  std::shared_ptr<SearchSnapshot> made(new SearchSnapshot(space_));
  made->dead_rows_ = dead_rows_;
  if (change.segments) {
    VAMANA_TRY(made->set_segments(*change.segments, segments_));
  } else {
    made->segments_ = segments_;
  }
  if (change.deltas) {
    VAMANA_TRY(made->set_deltas(*change.deltas, deltas_));
  } else {
    made->deltas_ = deltas_;
    for (DeltaPart& part : made->deltas_) made->see_all_rows(part);
  }
  VAMANA_TRY(made->bury(change.dead));
  return std::shared_ptr<const SearchSnapshot>(std::move(made));
}

Status SearchSnapshot::set_segments(const Segments& segments, const std::vector<SegmentPart>& before) {
  for (const auto& segment : segments) {
    if (space_of(*segment) != space_) return space_error("segment", space_of(*segment), space_);
    const auto known =
        std::find_if(before.begin(), before.end(), [&](const SegmentPart& part) { return part.segment == segment; });
    if (known != before.end()) {
      segments_.push_back(*known);
      continue;
    }
    VAMANA_ASSIGN(const std::vector<uint32_t> nodes, dead_nodes_of(*segment, dead_rows_));
    segments_.push_back({segment, BitChunks().with(nodes)});
  }
  return Status();
}

Status SearchSnapshot::set_deltas(const Deltas& deltas, const std::vector<DeltaPart>& before) {
  for (const auto& delta : deltas) {
    const DeltaOptions& options = delta->options();
    const VectorSpace space{options.dim, options.element, options.metric};
    if (space != space_) return space_error("delta", space, space_);
    const auto known =
        std::find_if(before.begin(), before.end(), [&](const DeltaPart& part) { return part.delta == delta; });
    deltas_.push_back(known != before.end() ? *known : DeltaPart{delta});
    see_all_rows(deltas_.back());
  }
  return Status();
}

// Rows may have died before they are seen: those that a batch writes and replaces, and those of a frozen delta
// that was put aside.
void SearchSnapshot::see_all_rows(DeltaPart& part) {
  const uint32_t rows = part.delta->rows();
  for (uint32_t slot = part.visible; slot < rows && !dead_rows_.empty(); ++slot) {
    part.dead += dead_rows_.test(part.delta->row(slot));
  }
  part.visible = rows;
}

Status SearchSnapshot::bury(std::span<const uint32_t> rows) {
  std::vector<uint32_t> fresh;
  std::vector<std::vector<uint32_t>> nodes(segments_.size());
  for (const uint32_t row : rows) {
    if (!dead_rows_.test(row)) fresh.push_back(row);
  }
  std::sort(fresh.begin(), fresh.end());
  fresh.erase(std::unique(fresh.begin(), fresh.end()), fresh.end());
  for (const uint32_t row : fresh) {
    VAMANA_ASSIGN(const std::optional<Place> place, find(row));
    if (!place) continue;
    if (place->part < segments_.size()) {
      nodes[place->part].push_back(place->at);
    } else {
      ++deltas_[place->part - segments_.size()].dead;
    }
  }
  if (fresh.empty()) return Status();
  dead_rows_ = dead_rows_.with(fresh);
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (!nodes[i].empty()) segments_[i].dead_nodes = segments_[i].dead_nodes.with(nodes[i]);
  }
  return Status();
}

uint64_t SearchSnapshot::live_rows() const {
  uint64_t live = 0;
  for (const SegmentPart& part : segments_) live += part.segment->rows() - part.dead_nodes.count();
  for (const DeltaPart& part : deltas_) live += part.visible - part.dead;
  return live;
}

// Deltas first: they are in RAM, and fresh rows are those most often asked for.
Result<std::optional<SearchSnapshot::Place>> SearchSnapshot::find(uint32_t row) const {
  if (dead_rows_.test(row)) return std::optional<Place>();
  for (size_t i = 0; i < deltas_.size(); ++i) {
    const std::optional<uint32_t> slot = deltas_[i].delta->slot_of(row, deltas_[i].visible);
    if (slot) return std::optional<Place>(Place{segments_.size() + i, *slot});
  }
  for (size_t i = 0; i < segments_.size(); ++i) {
    VAMANA_ASSIGN(const std::optional<uint32_t> node, segments_[i].segment->row_map().node_of(row));
    if (node) return std::optional<Place>(Place{i, *node});
  }
  return std::optional<Place>();
}

}  // namespace vamana
