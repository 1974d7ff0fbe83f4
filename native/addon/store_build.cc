#include "addon/store_build.h"

#include <algorithm>
#include <utility>

#include "addon/arguments.h"
#include "addon/build_call.h"
#include "addon/cancel_handle.h"
#include "addon/delta_handle.h"
#include "addon/errors.h"
#include "addon/handles.h"
#include "addon/instance.h"
#include "addon/segment_handle.h"
#include "addon/snapshot_handle.h"
#include "job/live_rows.h"

namespace vamana::addon {
namespace {

// The rows to build from, as their snapshot has them.
struct Chosen {
  std::vector<LiveRows::SegmentRows> segments;
  std::vector<LiveRows::DeltaRows> deltas;
  BitChunks dead;
};

template <typename Parts, typename Same>
auto find_part(const Parts& parts, const Same& same) {
  const auto found = std::find_if(parts.begin(), parts.end(), same);
  return found == parts.end() ? nullptr : &*found;
}

Result<Chosen> read_chosen(const Napi::CallbackInfo& info, const OpenStore& store) {
  Fields fields(info[0], "parts");
  const Napi::Value in_segments = fields.object("segments"), in_deltas = fields.object("deltas");
  VAMANA_TRY(fields.status());
  VAMANA_ASSIGN(const auto segments, read_parts<SegmentHandle>(in_segments, "parts.segments", &store));
  VAMANA_ASSIGN(const auto deltas, read_parts<DeltaHandle>(in_deltas, "parts.deltas", &store));
  VAMANA_ASSIGN(SnapshotHandle* const handle, read_handle<SnapshotHandle>(info[1], "snapshot"));
  if (handle->part() == nullptr) return Status(Code::kClosed, "snapshot: it was closed");
  if (handle->store() != &store) return Status(Code::kInvalidArgument, "snapshot: it belongs to another store");
  if (segments.empty() && deltas.empty()) return Status(Code::kInvalidArgument, "parts: found none, expected some");
  const SearchSnapshot& snapshot = *handle->part();
  Chosen chosen;
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

Result<BuildOptions> read_options(const Napi::Value& value, const VectorSpace& space) {
  Fields fields(value, "options");
  BuildOptions options = read_build_options(fields);
  VAMANA_TRY(fields.status());
  options.metric = space.metric;
  options.source.dim = space.dim;
  options.source.element = space.element;
  return options;
}

class StoreBuildCall final : public BuildCall {
 public:
  StoreBuildCall(Napi::Env env, BuildOptions options, Chosen chosen, std::shared_ptr<CancelFlag> cancel,
                 const Napi::Function& listener)
      : BuildCall(env, std::move(options), std::move(cancel), listener), chosen_(std::move(chosen)) {}

 protected:
  Status work() override {
    // Freed here, not on the JS thread, and before the call is settled: the parts may be the last of theirs.
    Chosen chosen = std::exchange(chosen_, Chosen());
    VAMANA_ASSIGN(const auto rows, LiveRows::create(std::move(chosen.segments), std::move(chosen.deltas), chosen.dead));
    options().source.rows = rows->rows();
    options().row_source = rows;
    const Status status = BuildCall::work();
    options().row_source = nullptr;
    return status;
  }

 private:
  Chosen chosen_;
};

}  // namespace

Napi::Value build_segment_call(const Napi::CallbackInfo& info, const std::shared_ptr<OpenStore>& store) {
  const Napi::Env env = info.Env();
  Result<Chosen> chosen = read_chosen(info, *store);
  if (!chosen.ok()) return rejected(env, chosen.status());
  const Result<BuildOptions> options = read_options(info[2], store->space());
  if (!options.ok()) return rejected(env, options.status());
  const Result<std::shared_ptr<CancelFlag>> cancel = read_cancel(info[3], "cancel");
  if (!cancel.ok()) return rejected(env, cancel.status());
  const Result<Napi::Function> listener = read_callback(info[4], "onProgress");
  if (!listener.ok()) return rejected(env, listener.status());
  auto call = std::make_unique<StoreBuildCall>(env, options.value(), std::move(chosen).value(), cancel.value(),
                                               listener.value());
  store->begin(*call, [store = store.get()] { store->forget_closed_segments(); });
  Instance& instance = Instance::of(env);
  return instance.start(instance.jobs(), std::move(call));
}

}  // namespace vamana::addon
