// One vector space of a collection with its threads: the search engine, the reader that all segments share, and
// the thread that links deltas. Shared by the JavaScript handles of the store and its parts, and by calls in flight.
//
// Never held by what the engine's workers hold (requests, snapshots): its destructor waits for them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "addon/async_call.h"
#include "addon/closable.h"
#include "addon/deferred.h"
#include "delta/delta.h"
#include "delta/delta_linker.h"
#include "io/page_reader.h"
#include "search/search_engine.h"

namespace vamana::addon {

struct StoreOptions {
  VectorSpace space;
  IoKind io = IoKind::kAuto;
  EngineOptions engine;
  DeltaOptions delta;
};

class OpenStore final : public Closable, public std::enable_shared_from_this<OpenStore> {
 public:
  static Result<std::shared_ptr<OpenStore>> create(const StoreOptions& options);
  ~OpenStore() override { close(); }
  void close() override;

  const StoreOptions& options() const { return options_; }
  const VectorSpace& space() const { return options_.space; }
  const std::shared_ptr<PageReader>& reader() const { return reader_; }
  SearchEngine& engine() { return *engine_; }
  DeltaLinker& linker() { return linker_; }

  // All below: the JS thread only.

  // Delays the end of closing until the call has settled; `settled` runs then.
  void begin(AsyncCall& call, std::function<void()> settled = nullptr);
  // False once close() of the handle was called.
  bool open() const { return !closing_; }
  Status closed_status() const { return Status(Code::kClosed, "the store was closed"); }
  void start_closing() { closing_ = true; }
  // The promise resolves when the engine is closed and no call is in flight.
  Napi::Value wait_for_closing(Napi::Env env);
  void engine_closed();

  // After something that may have been the last to hold a segment: idle workers let go of its file too. Costs a look
  // at each open segment.
  void forget_closed_segments();

  void track(const std::shared_ptr<const Segment>& segment);
  void track(const std::shared_ptr<Delta>& delta);
  struct Memory {
    uint64_t graph = 0, codes = 0, rows = 0, mapped = 0, deltas = 0;
    bool locked = true;  // of every segment
    ReaderFacts reader;  // `direct` when all files are read so
  };
  // Of the segments and deltas that live, in a handle or only in a snapshot.
  Memory memory();

 private:
  explicit OpenStore(const StoreOptions& options) : options_(options) {}
  void finish_closing();

  const StoreOptions options_;
  std::shared_ptr<PageReader> reader_;
  std::unique_ptr<SearchEngine> engine_;
  DeltaLinker linker_;

  size_t calls_ = 0;
  bool closing_ = false;
  bool engine_closed_ = false;
  std::vector<Deferred> close_waiters_;
  std::vector<std::weak_ptr<const Segment>> segments_;
  std::vector<std::weak_ptr<Delta>> deltas_;
};

}  // namespace vamana::addon
