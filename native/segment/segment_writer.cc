#include "segment/segment_writer.h"

#include <algorithm>

#include "base/coding.h"
#include "base/crc32c.h"
#include "format/block_checksums.h"
#include "format/header_rules.h"
#include "io/file.h"
#include "segment/segment_files.h"
#include "segment/segment_folder.h"
#include "segment/segment_load.h"
#include "segment/slot_stream.h"

namespace vamana {

namespace {

using ull = unsigned long long;

// Summing and writing in pieces keeps each in the cache between the two.
constexpr size_t kPieceBytes = 1 << 20;
constexpr uint8_t kZeros[kHeaderBytes] = {};

// Any file but vectors.seg: an empty header page, the payload piece by piece, its table, then the
// header, which holds the table's checksum.
class PayloadFile {
 public:
  static Result<PayloadFile> create(const std::string& path) {
    PayloadFile out;
    VAMANA_ASSIGN(out.file_, File::create(path));
    VAMANA_TRY(out.file_.append(kZeros, kHeaderBytes));
    return out;
  }

  Status put(const void* data, uint64_t size) {
    const auto* bytes = static_cast<const uint8_t*>(data);
    for (uint64_t at = 0; at < size; at += kPieceBytes) {
      const size_t take = std::min<uint64_t>(kPieceBytes, size - at);
      sums_.add(bytes + at, take);
      VAMANA_TRY(file_.append(bytes + at, take));
    }
    bytes_ += size;
    return Status();
  }

  // Zeros up to a multiple of `unit`. REQUIRES unit at most kHeaderBytes.
  Status pad(uint64_t unit) { return put(kZeros, round_up(bytes_, unit) - bytes_); }

  // Fills in what follows from the payload, checks the header and writes table and header.
  Status finish(SegmentHeader* header) {
    header->payload_bytes = bytes_;
    header->body_bytes = BlockLayout(bytes_).body_bytes();
    header->block_bytes = kChecksumBlockBytes;
    const Status sound = check_header(*header, file_.path());
    if (!sound.ok()) return Status(Code::kInvalidArgument, sound.message());
    VAMANA_TRY(pad(kHeaderBytes));
    const std::vector<uint8_t> table = sums_.finish();
    header->table_crc = crc32c(0, table.data(), table.size());
    VAMANA_TRY(file_.append(table.data(), table.size()));
    uint8_t page[kHeaderBytes];
    encode_header(*header, page);
    return file_.write_at(0, page, kHeaderBytes);
  }

  File take() { return std::move(file_); }

 private:
  File file_;
  BlockSums sums_;
  uint64_t bytes_ = 0;
};

Status check_shape(const SegmentShape& shape) {
  if (shape.rows < 1 || shape.rows > kMaxRows) {
    return Status(Code::kInvalidArgument,
                  format("a segment of %llu rows, expected 1 to %llu", ull(shape.rows), ull(kMaxRows)));
  }
  if (shape.dim < 1 || shape.dim > kMaxDimension) {
    return Status(Code::kInvalidArgument,
                  format("a segment of dimension %u, expected 1 to %u", shape.dim, kMaxDimension));
  }
  return Status();
}

}  // namespace

struct SegmentWriter::State {
  State(SegmentFolder folder_in, const SegmentShape& shape_in, const Uuid& uuid_in)
      : folder(std::move(folder_in)), shape(shape_in), uuid(uuid_in) {}

  SegmentHeader header(FileKind kind) const {
    SegmentHeader header;
    header.kind = kind;
    header.uuid = uuid;
    header.rows = shape.rows;
    header.dim = shape.dim;
    header.element = shape.element;
    header.metric = shape.metric;
    return header;
  }
  Status write_rows();
  std::string path(FileKind kind) const { return segment_file_path(folder.temporary(), kind); }

  // Constant after create(). The folder comes first, so that it goes last: after the files in it.
  SegmentFolder folder;
  const SegmentShape shape;
  const Uuid uuid;

  SlotStream vectors;
  File graph, codes;              // open once written
  std::vector<uint64_t> entries;  // by node: row id << 32 | node
  SegmentSizes sizes;
  bool published = false;
};

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::create(const std::string& dir, const SegmentShape& shape,
                                                             std::optional<Uuid> uuid) {
  VAMANA_TRY(check_shape(shape));
  if (!uuid) {
    VAMANA_ASSIGN(uuid, make_uuid());
  }
  VAMANA_ASSIGN(SegmentFolder folder, SegmentFolder::create(dir, *uuid));
  auto state = std::make_unique<State>(std::move(folder), shape, *uuid);
  SegmentHeader header = state->header(FileKind::kVectors);
  header.vectors = vectors_layout(shape.dim, shape.element);
  header.block_bytes = static_cast<uint32_t>(kHeaderBytes) * header.vectors.pages_per_slot;
  header.payload_bytes = shape.rows * header.vectors.record_bytes;
  header.body_bytes = div_up(shape.rows, header.vectors.records_per_slot) * header.block_bytes;
  VAMANA_ASSIGN(state->vectors, SlotStream::create(state->path(FileKind::kVectors), header));
  state->sizes.vectors = kHeaderBytes + header.body_bytes;
  state->entries.reserve(shape.rows);
  return std::unique_ptr<SegmentWriter>(new SegmentWriter(std::move(state)));
}

SegmentWriter::SegmentWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
SegmentWriter::~SegmentWriter() = default;

const Uuid& SegmentWriter::uuid() const { return state_->uuid; }
const std::string& SegmentWriter::temporary_folder() const { return state_->folder.temporary(); }

Status SegmentWriter::append_vectors(const uint8_t* const* vectors, const uint32_t* rows, size_t count) {
  if (count > state_->shape.rows - state_->vectors.records()) {
    return Status(Code::kInvalidArgument,
                  format("%s: %llu records, the segment was declared with %llu rows", state_->folder.target().c_str(),
                         ull(state_->vectors.records() + count), ull(state_->shape.rows)));
  }
  for (size_t i = 0; i < count; ++i) {
    if (rows[i] >= kMaxRows) {
      return Status(Code::kInvalidArgument,
                    format("%s: record %llu has row id %u, expected one below %llu", state_->folder.target().c_str(),
                           ull(state_->vectors.records()), rows[i], ull(kMaxRows)));
    }
    state_->entries.push_back(uint64_t{rows[i]} << 32 | state_->vectors.records());
    VAMANA_TRY(state_->vectors.append(vectors[i], rows[i]));
  }
  return Status();
}

Status SegmentWriter::write_graph(const PackedGraph& graph, const GraphFacts& facts) {
  if (graph.rows() != state_->shape.rows || facts.entries.empty() || facts.entries.size() > kMaxEntries) {
    return Status(Code::kInvalidArgument,
                  format("%s: a graph of %llu rows and %zu entry nodes, expected %llu rows and 1 to %u entry nodes",
                         state_->folder.target().c_str(), ull(graph.rows()), facts.entries.size(),
                         ull(state_->shape.rows), kMaxEntries));
  }
  SegmentHeader header = state_->header(FileKind::kGraph);
  header.graph = graph_fields_of(graph.packing());
  header.graph.build_list = facts.build_list;
  header.graph.alpha = facts.alpha;
  header.graph.seed = facts.seed;
  header.graph.entry_count = static_cast<uint32_t>(facts.entries.size());
  std::copy(facts.entries.begin(), facts.entries.end(), header.graph.entries.begin());

  VAMANA_ASSIGN(PayloadFile file, PayloadFile::create(state_->path(FileKind::kGraph)));
  VAMANA_TRY(file.put(graph.payload().data(), graph_payload_bytes(graph.packing())));
  VAMANA_TRY(file.finish(&header));
  state_->graph = file.take();
  state_->sizes.graph = kHeaderBytes + header.body_bytes;
  return Status();
}

Status SegmentWriter::write_codes(const Codec& codec, const AlignedBuffer& codes, const CodeError& error) {
  const CodeLayout layout = code_layout(codec.code_bytes());
  const uint64_t area = code_area_bytes(layout, state_->shape.rows);
  if (codes.size() < area) {
    return Status(Code::kInvalidArgument,
                  format("%s: %zu bytes of codes, expected %llu for %llu rows of %s", state_->folder.target().c_str(),
                         codes.size(), ull(area), ull(state_->shape.rows), codec.name().c_str()));
  }
  const std::vector<uint8_t> parameters = codec.parameters();
  SegmentHeader header = state_->header(FileKind::kCodes);
  header.codes.codec = static_cast<uint32_t>(codec.kind());
  header.codes.code_bytes = layout.code_bytes;
  header.codes.codes_per_line = layout.codes_per_line;
  header.codes.stride = layout.stride;
  header.codes.parameter_bytes = parameters.size();
  header.codes.training_error = error.training;
  header.codes.error_bias = error.bias;
  header.codes.error_spread = error.spread;
  header.codes.pq_recall = error.pq_recall;
  header.codes.rabitq_recall = error.rabitq_recall;

  VAMANA_ASSIGN(PayloadFile file, PayloadFile::create(state_->path(FileKind::kCodes)));
  VAMANA_TRY(file.put(parameters.data(), parameters.size()));
  VAMANA_TRY(file.pad(kPayloadAlignment));
  VAMANA_TRY(file.put(codes.data(), area));
  VAMANA_TRY(file.finish(&header));
  state_->codes = file.take();
  state_->sizes.codes = kHeaderBytes + header.body_bytes;
  return Status();
}

// In pieces, so that only the entries themselves are held.
Status SegmentWriter::State::write_rows() {
  std::sort(entries.begin(), entries.end());
  const auto row_of = [](uint64_t entry) { return static_cast<uint32_t>(entry >> 32); };
  const auto twice = std::adjacent_find(entries.begin(), entries.end(),
                                        [&](uint64_t a, uint64_t b) { return row_of(a) == row_of(b); });
  if (twice != entries.end()) {
    return Status(Code::kInvalidArgument, format("%s: row id %u was given twice, expected distinct ones",
                                                 folder.target().c_str(), row_of(*twice)));
  }
  SegmentHeader header = this->header(FileKind::kRows);
  header.row_ids = {row_of(entries.front()), row_of(entries.back())};
  const bool contiguous = rows_contiguous(header.row_ids, shape.rows);
  VAMANA_ASSIGN(PayloadFile file, PayloadFile::create(path(FileKind::kRows)));
  std::vector<uint32_t> piece;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!contiguous) piece.push_back(row_of(entries[i]));
    piece.push_back(static_cast<uint32_t>(entries[i]));
    if (piece.size() < kPieceBytes / sizeof(uint32_t) && i + 1 < entries.size()) continue;
    VAMANA_TRY(file.put(piece.data(), piece.size() * sizeof(uint32_t)));
    piece.clear();
  }
  entries = {};
  VAMANA_TRY(file.finish(&header));
  sizes.rows = kHeaderBytes + header.body_bytes;
  return file.take().sync();
}

Result<SegmentSizes> SegmentWriter::publish() {
  if (state_->published || !state_->graph.is_open() || !state_->codes.is_open() ||
      state_->vectors.records() != state_->shape.rows) {
    return Status(
        Code::kInternal,
        format("%s: %s with %llu of %llu records, the graph %s and the codes %s", state_->folder.target().c_str(),
               state_->published ? "published again" : "published", ull(state_->vectors.records()),
               ull(state_->shape.rows), state_->graph.is_open() ? "written" : "missing",
               state_->codes.is_open() ? "written" : "missing"));
  }
  state_->published = true;
  VAMANA_TRY(state_->write_rows());
  VAMANA_TRY(state_->vectors.finish());
  VAMANA_TRY(state_->graph.sync());
  VAMANA_TRY(state_->codes.sync());
  VAMANA_TRY(state_->folder.publish());
  return state_->sizes;
}

}  // namespace vamana
