// A segment opened for searching: graph and codes in RAM (locked there where the system allows), full
// vectors behind a page reader. Everything was checked at opening except the vectors' slots, whose CRC is
// checked whenever one is read from the disk.
//
// Thread safety: immutable after open; any thread. Searches hold a shared_ptr.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "codec/codec.h"
#include "format/segment_format.h"
#include "graph/packed_graph.h"
#include "io/file.h"
#include "io/page_file.h"
#include "io/page_reader.h"
#include "segment/row_map.h"
#include "segment/row_nodes.h"

namespace vamana {

struct SegmentMemory {
  uint64_t graph = 0;   // lists, directory and entry points
  uint64_t codes = 0;   // codes and the codec's parameters
  uint64_t rows = 0;    // row ids and nodes, where a search asked for them (row_ids(), row_nodes())
  uint64_t mapped = 0;  // bytes of the vectors file mapped (mmap reader), not counted as memory
  bool locked = false;  // graph and codes are mlocked
};

class Segment {
 public:
  // Its vectors are read through `reader`, which any number of segments share.
  static Result<std::shared_ptr<const Segment>> open(const std::string& dir, std::shared_ptr<PageReader> reader,
                                                     ThreadPool& pool);
  // The same with a reader of its own.
  static Result<std::shared_ptr<const Segment>> open(const std::string& dir, IoKind io, ThreadPool& pool);

  const std::string& dir() const { return dir_; }
  uint64_t rows() const { return vectors_.rows; }
  uint32_t dim() const { return vectors_.dim; }
  Element element() const { return vectors_.element; }
  Metric metric() const { return vectors_.metric; }
  const SegmentHeader& vectors_header() const { return vectors_; }
  const SegmentHeader& graph_header() const { return graph_header_; }
  const SegmentHeader& codes_header() const { return codes_header_; }
  const SegmentHeader& rows_header() const { return row_map_->header(); }

  const PackedGraph& graph() const { return *graph_; }
  const Codec& codec() const { return *codec_; }
  const CodeLayout& code_layout() const { return code_layout_; }
  const RowMap& row_map() const { return *row_map_; }
  const std::shared_ptr<PageReader>& reader() const { return reader_; }
  const PageFile& page_file() const { return *page_file_; }
  const std::string& vectors_path() const { return vectors_path_; }
  // For reading it through, past the page reader. Held open, so that a segment whose folder was removed serves whoever
  // still has it.
  const File& vectors_file() const { return vectors_file_; }
  // The row id of every node. Read from rows.seg when first asked for, and kept: 4 bytes a row of RAM, which only
  // searches need that answer without reading a record. CORRUPT, IO, MEMORY_LIMIT.
  Result<const uint32_t*> row_ids() const;
  // The way back: the node of every row, kept from the first time on too. Filtered searches need it.
  Result<const RowNodes*> row_nodes() const;
  SegmentMemory memory() const;
  // What a cache shared with other segments knows a slot by: each opening of a segment has keys of its own.
  uint64_t cache_key(uint64_t slot) const { return serial_ << 32 | slot; }

  // Where a node's record lies.
  uint64_t slots() const;
  uint64_t slot_of(uint32_t node) const { return node / vectors_.vectors.records_per_slot; }
  uint64_t slot_page(uint64_t slot) const { return 1 + slot * vectors_.vectors.pages_per_slot; }
  uint32_t slot_pages() const { return vectors_.vectors.pages_per_slot; }
  // The record inside its slot's bytes: the vector first, then the row id.
  const uint8_t* record_in_slot(const uint8_t* slot_data, uint32_t node) const {
    return slot_data + (node % vectors_.vectors.records_per_slot) * vectors_.vectors.record_bytes;
  }
  uint32_t row_in_record(const uint8_t* record) const;
  // True when the slot's CRC holds. A failure names file and offset through slot_error().
  bool slot_valid(uint64_t slot, const uint8_t* slot_data) const;
  Status slot_error(uint64_t slot) const;

 private:
  Segment() = default;
  Result<AlignedBuffer> read_row_ids() const;
  uint64_t serial_ = 0;  // of the segments that this process opened
  std::string dir_, vectors_path_;
  File vectors_file_;
  SegmentHeader vectors_, graph_header_, codes_header_;
  std::unique_ptr<PackedGraph> graph_;
  std::unique_ptr<Codec> codec_;
  AlignedBuffer codes_;
  CodeLayout code_layout_;
  std::unique_ptr<RowMap> row_map_;
  std::shared_ptr<PageReader> reader_;
  std::shared_ptr<const PageFile> page_file_;

  mutable std::mutex row_ids_mutex_;  // guards the reading of row_ids_ and row_nodes_
  mutable AlignedBuffer row_ids_;
  mutable std::atomic<const uint32_t*> row_ids_ready_{nullptr};
  mutable std::unique_ptr<const RowNodes> row_nodes_;
  mutable std::atomic<const RowNodes*> row_nodes_ready_{nullptr};
};

}  // namespace vamana
