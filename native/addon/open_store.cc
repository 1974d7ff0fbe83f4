#include "addon/open_store.h"

#include <utility>

namespace vamana::addon {
namespace {

template <typename T>
size_t erase_expired(std::vector<std::weak_ptr<T>>& known) {
  return std::erase_if(known, [](const std::weak_ptr<T>& one) { return one.expired(); });
}

}  // namespace

Result<std::shared_ptr<OpenStore>> OpenStore::create(const StoreOptions& options) {
  std::shared_ptr<OpenStore> store(new OpenStore(options));
  // Refuses what no delta could be made with, before there is one.
  VAMANA_TRY(Delta::create(options.delta).status());
  VAMANA_ASSIGN(store->reader_, open_page_reader(options.io));
  VAMANA_ASSIGN(store->engine_, SearchEngine::create(options.space, store->reader_, options.engine));
  return store;
}

void OpenStore::close() {
  linker_.close();
  if (engine_ != nullptr) engine_->close();
}

void OpenStore::begin(AsyncCall& call, std::function<void()> settled) {
  ++calls_;
  call.on_settled([self = shared_from_this(), settled = std::move(settled)] {
    if (settled) settled();
    --self->calls_;
    self->finish_closing();
  });
}

Napi::Value OpenStore::wait_for_closing(Napi::Env env) {
  const Deferred waiter(env);
  close_waiters_.push_back(waiter);
  finish_closing();
  return waiter.promise();
}

void OpenStore::engine_closed() { engine_closed_ = true; }

void OpenStore::finish_closing() {
  if (!engine_closed_ || calls_ > 0) return;
  for (const Deferred& waiter : std::exchange(close_waiters_, {})) waiter.resolve(waiter.env().Undefined());
}

void OpenStore::forget_closed_segments() {
  if (erase_expired(segments_) > 0) engine_->forget_closed_files();
}

void OpenStore::track(const std::shared_ptr<const Segment>& segment) { segments_.push_back(segment); }

void OpenStore::track(const std::shared_ptr<Delta>& delta) {
  erase_expired(deltas_);
  deltas_.push_back(delta);
}

OpenStore::Memory OpenStore::memory() {
  Memory memory;
  memory.reader = reader_->facts();
  bool first = true;
  for (const auto& known : segments_) {
    const std::shared_ptr<const Segment> segment = known.lock();
    if (segment == nullptr) continue;
    const SegmentMemory one = segment->memory();
    memory.graph += one.graph;
    memory.codes += one.codes;
    memory.rows += one.rows;
    memory.mapped += one.mapped;
    memory.locked = memory.locked && one.locked;
    const ReaderFacts facts = facts_with(reader_->facts(), segment->page_file());
    memory.reader.direct = facts.direct && (first || memory.reader.direct);
    if (!facts.direct) memory.reader.note = facts.note;
    first = false;
  }
  for (const auto& known : deltas_) {
    if (const std::shared_ptr<Delta> delta = known.lock()) memory.deltas += delta->bytes();
  }
  return memory;
}

}  // namespace vamana::addon
