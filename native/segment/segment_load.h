// From the bytes of graph.seg and codes.seg to what searches use. Opening calls load_graph() and
// load_codes(); verify reads the same bytes in its own windows and shares the checks; the writer shares the
// places.
#pragma once

#include <memory>
#include <span>

#include "base/aligned_buffer.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "codec/codec.h"
#include "format/segment_format.h"
#include "graph/packed_graph.h"
#include "io/file.h"

namespace vamana {

// Between the header's words and the packing's.
Packing packing_of(const GraphFields& fields);
GraphFields graph_fields_of(const Packing& packing);

// Where the pieces of the codes payload lie, in bytes from its start.
struct CodesPlaces {
  uint64_t parameters = 0;  // bytes used; zeros follow up to `codes`
  uint64_t codes = 0;       // where the codes begin
  uint64_t end = 0;         // where they end: the payload's size
};
CodesPlaces codes_places(const SegmentHeader& header);

// CORRUPT when the codes are not laid out as code_layout() would.
Status check_code_layout(const SegmentHeader& header, const std::string& path);

// Checks that the bytes between codes are zero, in a stretch of the code area that begins `first` bytes
// into it, and that the last group is empty behind its last code.
Status check_code_padding(const SegmentHeader& header, std::span<const uint8_t> stretch, uint64_t first,
                          const std::string& path);

// The zeros of a graph payload: between directory and lists, and behind the lists.
Status check_graph_padding(const SegmentHeader& header, const AlignedBuffer& payload, const std::string& path);

// Takes a loaded payload over and proves its lists, so that decode() may trust them.
Result<PackedGraph> adopt_graph(const SegmentHeader& header, AlignedBuffer payload, const std::string& path,
                                ThreadPool& pool);

Result<PackedGraph> load_graph(const File& file, const SegmentHeader& header, ThreadPool& pool);

struct LoadedCodes {
  std::unique_ptr<Codec> codec;
  AlignedBuffer codes;  // code area alone: a code's cache line begins where the buffer's does
  CodeLayout layout;    // points into `codes`
};
Result<LoadedCodes> load_codes(const File& file, const SegmentHeader& header, ThreadPool& pool);

// CORRUPT, naming the file, when the parameters are not those of a codec for these codes.
Result<std::unique_ptr<Codec>> codec_of(const SegmentHeader& header, std::span<const uint8_t> parameters,
                                        const std::string& path);

}  // namespace vamana
