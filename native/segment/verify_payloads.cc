// graph.seg, codes.seg and rows.seg: table, blocks, padding, and then what the bytes mean.
#include <algorithm>

#include "base/aligned_buffer.h"
#include "segment/payload_reader.h"
#include "segment/row_map.h"
#include "segment/segment_load.h"
#include "segment/verify_run.h"

namespace vamana {

namespace {

constexpr uint64_t kWindowBlocks = kVerifyWindowBytes / kChecksumBlockBytes;

// Calls check(first, count) over all blocks, window by window; it answers what it found, in order.
template <typename Check>
Status over_windows(VerifyRun& run, const BlockLayout& layout, const Check& check) {
  for (uint64_t first = 0; first < layout.blocks(); first += kWindowBlocks) {
    const uint64_t count = std::min(kWindowBlocks, layout.blocks() - first);
    VAMANA_TRY(run.note_all(check(first, count)));
    const uint64_t end = layout.block_offset(first + count - 1) + layout.block_bytes(first + count - 1);
    VAMANA_TRY(run.advance(count, end - layout.block_offset(first)));
  }
  return Status();
}

// The table, or nothing when it is damaged: then no block can be judged.
Result<std::optional<PayloadReader>> open_payload(VerifyRun& run, const File& file, const SegmentHeader& header) {
  auto reader = PayloadReader::open(file, header);
  if (!reader.ok()) {
    VAMANA_TRY(run.note(reader.status()));
    return std::optional<PayloadReader>();
  }
  VAMANA_TRY(run.advance(1, reader->layout().table_bytes()));
  return std::optional<PayloadReader>(std::move(reader).value());
}

// The codes themselves may be any bytes; what lies around them may not. `bytes` begin at `first` of the
// padded payload.
Status check_codes_zeros(const SegmentHeader& header, std::span<const uint8_t> bytes, uint64_t first,
                         const std::string& path) {
  const CodesPlaces places = codes_places(header);
  const uint64_t end = first + bytes.size();
  const auto stretch = [&](uint64_t from, uint64_t to) {
    from = std::clamp(from, first, end);
    return bytes.subspan(from - first, std::clamp(to, from, end) - from);
  };
  VAMANA_TRY(
      check_zero(stretch(places.parameters, places.codes), kHeaderBytes + std::max(first, places.parameters), path));
  VAMANA_TRY(check_zero(stretch(places.end, end), kHeaderBytes + std::max(first, places.end), path));
  const uint64_t codes_from = std::max(first, places.codes);
  return check_code_padding(header, stretch(places.codes, places.end), codes_from - places.codes, path);
}

// Whether the parameters make a codec. REQUIRES blocks that were found sound.
Status check_codec(VerifyRun& run, const File& file, const SegmentHeader& header) {
  const CodesPlaces places = codes_places(header);
  std::vector<uint8_t> parameters(places.parameters);
  VAMANA_TRY(file.read_at(kHeaderBytes, parameters.data(), places.parameters));
  return run.note(codec_of(header, parameters, file.path()).status());
}

}  // namespace

Status verify_codes(VerifyRun& run, const File& file, const SegmentHeader& header) {
  const uint64_t problems_before = run.problems_found();
  VAMANA_TRY(run.note(check_code_layout(header, file.path())));
  VAMANA_ASSIGN(const auto reader, open_payload(run, file, header));
  if (!reader) return Status();
  const BlockLayout& layout = reader->layout();
  std::vector<std::vector<uint8_t>> buffers(run.pool().threads());
  for (auto& buffer : buffers) buffer.resize(kChecksumBlockBytes);
  VAMANA_TRY(over_windows(run, layout, [&](uint64_t first, uint64_t count) {
    WindowFindings findings;
    run.pool().parallel_for(count, 1, [&](size_t begin, size_t, size_t worker) {
      const uint64_t block = first + begin;
      const uint64_t offset = layout.block_offset(block);
      const std::span<uint8_t> bytes(buffers[worker].data(), layout.block_bytes(block));
      const PayloadPart part{offset, bytes.size(), bytes.data()};
      Status status = reader->read_block(block, {&part, 1});
      if (status.ok()) status = check_codes_zeros(header, bytes, offset, file.path());
      if (!status.ok()) findings.add(offset, std::move(status));
    });
    return findings.take();
  }));
  // Damage is reported once; what a damaged codebook means is not asked.
  return run.problems_found() == problems_before ? check_codec(run, file, header) : Status();
}

Status verify_graph(VerifyRun& run, const File& file, const SegmentHeader& header, std::optional<PackedGraph>* graph) {
  const uint64_t problems_before = run.problems_found();
  VAMANA_ASSIGN(const auto reader, open_payload(run, file, header));
  if (!reader) return Status();
  const BlockLayout& layout = reader->layout();
  VAMANA_ASSIGN(AlignedBuffer payload, AlignedBuffer::create(layout.payload_bytes()));
  PagePadding padding(layout);
  const PayloadPart parts[] = {{0, layout.payload_bytes(), payload.data()}, padding.part()};
  VAMANA_TRY(over_windows(run, layout, [&](uint64_t first, uint64_t count) {
    return reader->read_blocks(first, count, parts, kProblemsMax, run.pool());
  }));
  if (run.problems_found() != problems_before) return Status();
  VAMANA_TRY(run.note(padding.check(file.path())));
  VAMANA_TRY(run.note(check_graph_padding(header, payload, file.path())));
  auto adopted = adopt_graph(header, std::move(payload), file.path(), run.pool());
  if (!adopted.ok()) return run.note(adopted.status());
  *graph = std::move(adopted).value();
  return Status();
}

// Loads the way back, from nodes to rows, so that the pass over the records that follows compares at once.
Status verify_rows(VerifyRun& run, const File& file, const SegmentHeader& header, std::vector<uint32_t>* row_of_node) {
  constexpr uint32_t kNone = kMaxRows;
  row_of_node->assign(header.rows, kNone);
  uint64_t visited = 0;
  Status status = scan_row_map(file, header, [&](uint32_t row, uint32_t node) {
    if ((*row_of_node)[node] != kNone) {
      return Status(Code::kCorrupt, format("%s: rows %u and %u have both node %u; build the segment again",
                                           file.path().c_str(), (*row_of_node)[node], row, node));
    }
    (*row_of_node)[node] = row;
    return ++visited % 65536 == 0 && run.cancel().cancelled() ? aborted_status("verifying") : Status();
  });
  if (!status.ok()) row_of_node->clear();
  VAMANA_TRY(run.note(std::move(status)));
  const BlockLayout layout(header.payload_bytes);
  return run.advance(layout.blocks() + 1, layout.body_bytes());
}

}  // namespace vamana
