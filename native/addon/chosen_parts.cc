#include "addon/chosen_parts.h"

#include <algorithm>

#include "addon/arguments.h"
#include "addon/delta_handle.h"
#include "addon/handles.h"
#include "addon/segment_handle.h"
#include "addon/snapshot_handle.h"

namespace vamana::addon {
namespace {

template <typename Parts, typename Same>
auto find_part(const Parts& parts, const Same& same) {
  const auto found = std::find_if(parts.begin(), parts.end(), same);
  return found == parts.end() ? nullptr : &*found;
}

}  // namespace

Result<ChosenParts> read_chosen_parts(const Napi::Value& parts, const Napi::Value& in_snapshot,
                                      const OpenStore& store) {
  Fields fields(parts, "parts");
  const Napi::Value in_segments = fields.object("segments"), in_deltas = fields.object("deltas");
  VAMANA_TRY(fields.status());
  VAMANA_ASSIGN(const auto segments, read_parts<SegmentHandle>(in_segments, "parts.segments", &store));
  VAMANA_ASSIGN(const auto deltas, read_parts<DeltaHandle>(in_deltas, "parts.deltas", &store));
  VAMANA_ASSIGN(SnapshotHandle* const handle, read_handle<SnapshotHandle>(in_snapshot, "snapshot"));
  if (handle->part() == nullptr) return Status(Code::kClosed, "snapshot: it was closed");
  if (handle->store() != &store) return Status(Code::kInvalidArgument, "snapshot: it belongs to another store");
  if (segments.empty() && deltas.empty()) return Status(Code::kInvalidArgument, "parts: found none, expected some");
  const SearchSnapshot& snapshot = *handle->part();
  ChosenParts chosen;
  chosen.dead = snapshot.dead_rows();
  for (const auto& segment : segments) {
    const auto* part = find_part(snapshot.segments(), [&](const auto& one) { return one.segment == segment; });
    if (part == nullptr) return Status(Code::kInvalidArgument, "parts.segments: found one that the snapshot lacks");
    chosen.segments.push_back({part->segment, part->dead_nodes});
  }
  for (const auto& delta : deltas) {
    const auto* part = find_part(snapshot.deltas(), [&](const auto& one) { return one.delta == delta; });
    if (part == nullptr) return Status(Code::kInvalidArgument, "parts.deltas: found one that the snapshot lacks");
    chosen.deltas.push_back({part->delta, part->visible});
  }
  return chosen;
}

}  // namespace vamana::addon
