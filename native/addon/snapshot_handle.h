// The JavaScript object around a search snapshot: NativeSnapshot of src/binding.ts. JS thread only.
//
// States: open; closed (every method but close() answers CLOSED, searches in flight go on).
#pragma once

#include <napi.h>

#include <memory>

#include "addon/open_store.h"
#include "search/search_snapshot.h"

namespace vamana::addon {

class SnapshotHandle : public Napi::ObjectWrap<SnapshotHandle> {
 public:
  using Part = std::shared_ptr<const SearchSnapshot>;
  static constexpr napi_type_tag kTag = {0xc60b2f7791a84d05ull, 0x8e43d9f10b26a7ccull};
  static constexpr const char* kMaker = "createSnapshot() or next()";

  static Napi::Function define(Napi::Env env);
  static Napi::Value make(Napi::Env env, std::shared_ptr<OpenStore> store, Part snapshot);
  // createSnapshot(parts) of a store that is open.
  static Napi::Value create(const Napi::CallbackInfo& info, const std::shared_ptr<OpenStore>& store);
  explicit SnapshotHandle(const Napi::CallbackInfo& info);
  ~SnapshotHandle() override;

  const Part& part() const { return snapshot_; }
  const void* store() const { return store_.get(); }

 private:
  Napi::Value next(const Napi::CallbackInfo& info);
  Napi::Value search(const Napi::CallbackInfo& info);
  Napi::Value fetch(const Napi::CallbackInfo& info);
  Status read_filter_options(const Napi::Value& value, SearchRequest* request) const;
  Napi::Value close(const Napi::CallbackInfo& info);

  Status ready() const;
  Result<Part> successor(const Napi::CallbackInfo& info) const;
  Napi::Value submit(Napi::Env env, std::unique_ptr<AsyncCall> call, std::shared_ptr<SearchRequest> request);
  void let_go();

  std::shared_ptr<OpenStore> store_;
  Part snapshot_;
};

}  // namespace vamana::addon
