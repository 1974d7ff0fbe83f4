#include "addon/segment_values.h"

#include "addon/values.h"

namespace vamana::addon {
namespace {

uint64_t file_bytes(const SegmentHeader& header) { return kHeaderBytes + header.body_bytes; }

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

// The double whose shortest text is that of the float: 1.2, not 1.2000000476837158.
double shortest(float value) { return std::stod(format("%.7g", static_cast<double>(value))); }

}  // namespace

Napi::Object segment_info(Napi::Env env, const SegmentDescription& segment) {
  const SegmentHeader& vectors = segment.vectors;
  const GraphFields& graph = segment.graph.graph;
  Napi::Object info = Napi::Object::New(env);
  set(info, "uuid", uuid_text(vectors.uuid));
  set(info, "formatVersion", kSegmentFormatVersion);
  set(info, "rows", vectors.rows);
  set(info, "dim", vectors.dim);
  set(info, "element", element_name(vectors.element));
  set(info, "metric", metric_name(vectors.metric));
  set(info, "degree", graph.degree);
  set(info, "degreeMean", ratio(static_cast<double>(graph.edges), static_cast<double>(vectors.rows)));
  set(info, "bitsPerEdge", ratio(8.0 * static_cast<double>(graph.list_bytes), static_cast<double>(graph.edges)));
  set(info, "edges", graph.edges);
  set(info, "buildList", graph.build_list);
  set(info, "alpha", shortest(graph.alpha));
  set(info, "seed", graph.seed);
  Napi::Array entries = Napi::Array::New(env, graph.entry_count);
  for (uint32_t i = 0; i < graph.entry_count; ++i) entries.Set(i, to_js(env, graph.entries[i]));
  info.Set("entries", entries);
  set(info, "code", segment.code_name);
  set(info, "codeBytes", segment.codes.codes.code_bytes);
  set(info, "trainingError", segment.codes.codes.training_error);
  set(info, "recordBytes", vectors.vectors.record_bytes);
  set(info, "recordsPerSlot", vectors.vectors.records_per_slot);
  set(info, "pagesPerSlot", vectors.vectors.pages_per_slot);
  Napi::Object files = Napi::Object::New(env);
  set(files, "vectors", file_bytes(segment.vectors));
  set(files, "graph", file_bytes(segment.graph));
  set(files, "codes", file_bytes(segment.codes));
  set(files, "rows", file_bytes(segment.rows));
  info.Set("files", files);
  info.Freeze();
  return info;
}

namespace {

Napi::Object io_to_js(Napi::Env env, const ReaderFacts& reader) {
  Napi::Object io = Napi::Object::New(env);
  set(io, "kind", io_kind_name(reader.kind));
  set(io, "direct", reader.direct);
  set(io, "registeredBuffers", reader.registered_buffers);
  set(io, "note", reader.note);
  return io;
}

Napi::Object cache_to_js(Napi::Env env, const PageCache::Facts& cached) {
  Napi::Object cache = Napi::Object::New(env);
  set(cache, "capacityBytes", cached.capacity_bytes);
  set(cache, "usedBytes", cached.used_bytes);
  set(cache, "hits", cached.hits);
  set(cache, "misses", cached.misses);
  return cache;
}

Napi::Object stats_of(Napi::Env env, const ReaderFacts& reader, const Napi::Object& memory,
                      const PageCache::Facts& cached, uint32_t threads) {
  Napi::Object stats = Napi::Object::New(env);
  stats.Set("io", io_to_js(env, reader));
  stats.Set("memory", memory);
  stats.Set("cache", cache_to_js(env, cached));
  set(stats, "threads", threads);
  return stats;
}

}  // namespace

Napi::Object index_stats(Napi::Env env, const SearchEngine& engine, uint32_t threads) {
  const SegmentMemory segment = engine.segment().memory();
  const PageCache::Facts cached = engine.cache_facts();
  Napi::Object memory = Napi::Object::New(env);
  set(memory, "graph", segment.graph);
  set(memory, "codes", segment.codes);
  set(memory, "cache", cached.used_bytes);
  set(memory, "rows", segment.rows);
  set(memory, "mapped", segment.mapped);
  set(memory, "locked", segment.locked);
  return stats_of(env, engine.reader_facts(), memory, cached, threads);
}

Napi::Object store_stats(Napi::Env env, OpenStore& store) {
  const OpenStore::Memory parts = store.memory();
  const PageCache::Facts cached = store.engine().cache_facts();
  Napi::Object memory = Napi::Object::New(env);
  set(memory, "graph", parts.graph);
  set(memory, "codes", parts.codes);
  set(memory, "deltas", parts.deltas);
  set(memory, "cache", cached.used_bytes);
  set(memory, "rows", parts.rows);
  set(memory, "mapped", parts.mapped);
  set(memory, "locked", parts.locked);
  return stats_of(env, parts.reader, memory, cached, store.options().engine.threads);
}

}  // namespace vamana::addon
