// Writes a segment folder so that it is either whole and durable, or not there at all: everything goes
// into `<dir>.tmp-<uuid>` beside the target, every file is synced, the folder is synced, renamed, and its
// parent synced. Destroying an unpublished writer removes the temporary folder.
//
// Thread safety: none; one thread writes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "codec/code_error.h"
#include "codec/codec.h"
#include "format/segment_format.h"
#include "graph/packed_graph.h"

namespace vamana {

struct SegmentShape {
  uint64_t rows = 0;
  uint32_t dim = 0;
  Element element = Element::kF32;
  Metric metric = Metric::kL2;
};

struct SegmentSizes {
  uint64_t vectors = 0, graph = 0, codes = 0, rows = 0;  // bytes of the files
};

class SegmentWriter {
 public:
  // ALREADY_EXISTS when `dir` stands, NOT_FOUND when its parent does not, INVALID_ARGUMENT for a shape that
  // no segment can have. Tests give the uuid, so that the same content is the same bytes; otherwise it is
  // random.
  static Result<std::unique_ptr<SegmentWriter>> create(const std::string& dir, const SegmentShape& shape,
                                                       std::optional<Uuid> uuid = std::nullopt);
  ~SegmentWriter();

  // Appends `count` records in graph order: vectors[i] points to dim elements, rows[i] is its row id, below
  // kMaxRows and given once. The ids are kept, 8 bytes a row, until publish() writes them in their own order.
  Status append_vectors(const uint8_t* const* vectors, const uint32_t* rows, size_t count);
  // How the graph was built: what searches need (entry nodes) and what `inspect` shows.
  struct GraphFacts {
    uint32_t build_list = 0;
    float alpha = 0;
    uint64_t seed = 0;
    std::vector<uint32_t> entries;  // 1 to kMaxEntries nodes where walks begin
  };
  Status write_graph(const PackedGraph& graph, const GraphFacts& facts);
  // `codes` is laid out by code_layout(codec.code_bytes()).
  Status write_codes(const Codec& codec, const AlignedBuffer& codes, const CodeError& error);

  // Writes rows.seg, syncs, renames and returns the sizes. REQUIRES rows appended, graph and codes written.
  // INVALID_ARGUMENT when a row id was given twice. After a failure the writer can only be destroyed: a failed sync
  // must not be tried again (io/file.h).
  Result<SegmentSizes> publish();

  const Uuid& uuid() const;
  // Where the files are until they are published: on the disk that has room for them, so a build may keep
  // files of its own there that have no name.
  const std::string& temporary_folder() const;

 private:
  struct State;
  explicit SegmentWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vamana
