#include "segment/segment.h"

#include <atomic>

#include "base/coding.h"
#include "format/block_checksums.h"
#include "segment/segment_files.h"
#include "segment/segment_load.h"

namespace vamana {

namespace {

constexpr uint32_t kSlotCrcBytes = sizeof(uint32_t);

}  // namespace

Result<std::shared_ptr<const Segment>> Segment::open(const std::string& dir, IoKind io, ThreadPool& pool) {
  VAMANA_ASSIGN(std::shared_ptr<PageReader> reader, open_page_reader(io));
  return open(dir, std::move(reader), pool);
}

// At its peak this holds graph, codes and the codec's parameters twice; bodies are read straight to where
// they stay. One after the other, so that the blocks of each are read in order by all threads.
Result<std::shared_ptr<const Segment>> Segment::open(const std::string& dir, std::shared_ptr<PageReader> reader,
                                                     ThreadPool& pool) {
  VAMANA_ASSIGN(SegmentFiles files, open_segment_files(dir));
  const std::shared_ptr<Segment> segment(new Segment());
  static std::atomic<uint32_t> opened{0};
  segment->serial_ = opened.fetch_add(1, std::memory_order_relaxed);
  segment->dir_ = dir;
  segment->vectors_path_ = files.vectors.path();
  segment->vectors_ = files.headers.vectors;
  segment->graph_header_ = files.headers.graph;
  segment->codes_header_ = files.headers.codes;
  segment->vectors_file_ = std::move(files.vectors);

  VAMANA_ASSIGN(PackedGraph graph, load_graph(files.graph, files.headers.graph, pool));
  segment->graph_ = std::make_unique<PackedGraph>(std::move(graph));
  VAMANA_ASSIGN(LoadedCodes loaded, load_codes(files.codes, files.headers.codes, pool));
  segment->codec_ = std::move(loaded.codec);
  segment->codes_ = std::move(loaded.codes);
  segment->code_layout_ = loaded.layout;

  VAMANA_ASSIGN(RowMap row_map, RowMap::open(std::move(files.rows), files.headers.rows));
  segment->row_map_ = std::make_unique<RowMap>(std::move(row_map));
  segment->reader_ = std::move(reader);
  VAMANA_ASSIGN(segment->page_file_, segment->reader_->open_file(segment->vectors_path_));
  const uint64_t pages = 1 + segment->slots() * segment->slot_pages();
  if (segment->page_file_->pages != pages) {
    return Status(Code::kCorrupt,
                  format("%s: the file has %llu pages, expected %llu; it was changed while it was "
                         "being opened",
                         segment->vectors_path_.c_str(), static_cast<unsigned long long>(segment->page_file_->pages),
                         static_cast<unsigned long long>(pages)));
  }
  segment->graph_->lock();
  segment->codes_.lock();
  return std::shared_ptr<const Segment>(segment);
}

SegmentMemory Segment::memory() const {
  SegmentMemory memory;
  memory.graph = graph_->payload().size() + graph_header_.graph.entry_count * sizeof(uint32_t);
  memory.codes = codes_.size() + codec_->memory_bytes();
  memory.rows = row_ids_ready_.load(std::memory_order_acquire) != nullptr ? row_ids_.size() : 0;
  if (const RowNodes* nodes = row_nodes_ready_.load(std::memory_order_acquire)) memory.rows += nodes->bytes();
  memory.mapped = page_file_->map != nullptr ? page_file_->pages * kPageBytes : 0;
  memory.locked = graph_->payload().locked() && codes_.locked();
  return memory;
}

Result<const uint32_t*> Segment::row_ids() const {
  if (const uint32_t* ready = row_ids_ready_.load(std::memory_order_acquire)) return ready;
  const std::lock_guard lock(row_ids_mutex_);
  if (const uint32_t* ready = row_ids_ready_.load(std::memory_order_acquire)) return ready;
  VAMANA_ASSIGN(row_ids_, read_row_ids());
  const auto* const ready = reinterpret_cast<const uint32_t*>(row_ids_.data());
  row_ids_ready_.store(ready, std::memory_order_release);
  return ready;
}

Result<const RowNodes*> Segment::row_nodes() const {
  if (const RowNodes* ready = row_nodes_ready_.load(std::memory_order_acquire)) return ready;
  const std::lock_guard lock(row_ids_mutex_);
  if (const RowNodes* ready = row_nodes_ready_.load(std::memory_order_acquire)) return ready;
  VAMANA_ASSIGN(RowNodes table, RowNodes::read(*row_map_));
  row_nodes_ = std::make_unique<const RowNodes>(std::move(table));
  row_nodes_ready_.store(row_nodes_.get(), std::memory_order_release);
  return row_nodes_.get();
}

Result<AlignedBuffer> Segment::read_row_ids() const {
  VAMANA_ASSIGN(AlignedBuffer ids, AlignedBuffer::create(rows() * sizeof(uint32_t)));
  auto* const row_of = reinterpret_cast<uint32_t*>(ids.data());
  VAMANA_TRY(row_map_->for_each([&](uint32_t row, uint32_t node) {
    row_of[node] = row;
    return Status();
  }));
  return ids;
}

uint64_t Segment::slots() const { return div_up(vectors_.rows, vectors_.vectors.records_per_slot); }

uint32_t Segment::row_in_record(const uint8_t* record) const {
  return load_le<uint32_t>(record + vectors_.vectors.record_bytes - sizeof(uint32_t));
}

bool Segment::slot_valid(uint64_t slot, const uint8_t* slot_data) const {
  const uint32_t covered = vectors_.block_bytes - kSlotCrcBytes;
  return load_le<uint32_t>(slot_data + covered) == slot_checksum(slot, slot_data, vectors_.block_bytes);
}

Status Segment::slot_error(uint64_t slot) const {
  return Status(Code::kCorrupt,
                format("%s: the slot at offset %llu (%u bytes) does not have the checksum in its last 4 bytes; run "
                       "`vamana verify`, then restore the file from a copy or build the segment again",
                       vectors_path_.c_str(), static_cast<unsigned long long>(slot_page(slot) * kPageBytes),
                       vectors_.block_bytes));
}

}  // namespace vamana
