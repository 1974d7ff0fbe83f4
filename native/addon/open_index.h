// An open segment with its engine, shared by the JavaScript handle, the calls in flight and the instance.
// Closing is slow (it waits for searches), so it happens on a lane, not on the JS thread.
#pragma once

#include <cstdint>
#include <memory>

#include "addon/closable.h"
#include "search/search_engine.h"

namespace vamana::addon {

struct OpenIndex final : Closable {
  OpenIndex(std::unique_ptr<SearchEngine> opened, uint32_t search_threads, uint64_t bytes)
      : engine(std::move(opened)), threads(search_threads), memory_bytes(bytes) {}
  ~OpenIndex() override { engine->close(); }
  void close() override { engine->close(); }

  const std::unique_ptr<SearchEngine> engine;
  const uint32_t threads;
  const uint64_t memory_bytes;  // graph, codes and cache, as reported to V8
};

}  // namespace vamana::addon
