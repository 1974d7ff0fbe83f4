#include "segment/segment_load.h"

#include <algorithm>
#include <mutex>

#include "base/coding.h"
#include "codec/codec_factory.h"
#include "segment/payload_reader.h"

namespace vamana {

namespace {

// Code bytes that one thread looks through at a time.
constexpr size_t kPaddingGrain = 1 << 20;

Status at_path(const Status& status, const std::string& path) {
  return status.ok() ? status : Status(status.code(), path + ": " + status.message());
}

Status read_payload(const PayloadReader& reader, std::span<const PayloadPart> parts, ThreadPool& pool) {
  const std::vector<Status> failures = reader.read_blocks(0, reader.layout().blocks(), parts, 1, pool);
  return failures.empty() ? Status() : failures.front();
}

Status check_all_code_padding(const SegmentHeader& header, const AlignedBuffer& codes, const std::string& path,
                              ThreadPool& pool) {
  std::mutex mutex;
  Status failure;
  pool.parallel_for(codes.size(), kPaddingGrain, [&](size_t begin, size_t end, size_t) {
    Status status = check_code_padding(header, {codes.data() + begin, end - begin}, begin, path);
    if (status.ok()) return;
    std::lock_guard lock(mutex);
    failure = std::move(status);
  });
  return failure;
}

}  // namespace

static_assert(kWidthClassesMax == kMaxWidthClasses, "the header holds every width class of a packing");

Packing packing_of(const GraphFields& fields) {
  Packing packing;
  packing.degree = fields.degree;
  packing.width_classes = fields.width_classes;
  packing.class_bits = fields.class_bits;
  packing.edges = fields.edges;
  packing.directory_bytes = fields.directory_bytes;
  packing.list_bytes = fields.list_bytes;
  return packing;
}

GraphFields graph_fields_of(const Packing& packing) {
  GraphFields fields;
  fields.degree = packing.degree;
  fields.width_classes = packing.width_classes;
  fields.class_bits = packing.class_bits;
  fields.edges = packing.edges;
  fields.directory_bytes = packing.directory_bytes;
  fields.list_bytes = packing.list_bytes;
  return fields;
}

CodesPlaces codes_places(const SegmentHeader& header) {
  CodesPlaces places;
  places.parameters = header.codes.parameter_bytes;
  places.codes = round_up(places.parameters, kPayloadAlignment);
  places.end = header.payload_bytes;
  return places;
}

Status check_code_layout(const SegmentHeader& header, const std::string& path) {
  const CodeLayout layout = code_layout(header.codes.code_bytes);
  if (layout.codes_per_line == header.codes.codes_per_line && layout.stride == header.codes.stride) return Status();
  return Status(Code::kCorrupt, format("%s: codes of %u bytes lie %u to a stride of %u bytes, expected %u to %u",
                                       path.c_str(), header.codes.code_bytes, header.codes.codes_per_line,
                                       header.codes.stride, layout.codes_per_line, layout.stride));
}

Status check_code_padding(const SegmentHeader& header, std::span<const uint8_t> stretch, uint64_t first,
                          const std::string& path) {
  const CodesFields& codes = header.codes;
  const uint64_t file_offset = kHeaderBytes + codes_places(header).codes;
  const uint64_t last_group = div_up(header.rows, codes.codes_per_line) - 1;
  const uint64_t last_codes = header.rows - last_group * codes.codes_per_line;
  const uint64_t end = first + stretch.size();
  // Where every group is full of codes there is nothing to look at but the last.
  const bool full = codes.codes_per_line * codes.code_bytes == codes.stride;
  for (uint64_t group = full ? last_group : first / codes.stride; group * codes.stride < end; ++group) {
    const uint64_t used = (group == last_group ? last_codes : codes.codes_per_line) * codes.code_bytes;
    const uint64_t from = std::max(first, group * codes.stride + used);
    const uint64_t to = std::min(end, (group + 1) * codes.stride);
    if (from < to) VAMANA_TRY(check_zero(stretch.subspan(from - first, to - from), file_offset + from, path));
  }
  return Status();
}

Status check_graph_padding(const SegmentHeader& header, const AlignedBuffer& payload, const std::string& path) {
  const uint64_t directory_end = header.graph.directory_bytes;
  const uint64_t lists = round_up(directory_end, kPayloadAlignment);
  const uint64_t lists_end = lists + header.graph.list_bytes;
  const std::span<const uint8_t> bytes(payload.data(), payload.size());
  VAMANA_TRY(check_zero(bytes.subspan(directory_end, lists - directory_end), kHeaderBytes + directory_end, path));
  return check_zero(bytes.subspan(lists_end), kHeaderBytes + lists_end, path);
}

Result<PackedGraph> adopt_graph(const SegmentHeader& header, AlignedBuffer payload, const std::string& path,
                                ThreadPool& pool) {
  auto graph = PackedGraph::adopt(header.rows, packing_of(header.graph), std::move(payload));
  if (!graph.ok()) return at_path(graph.status(), path);
  VAMANA_TRY(at_path(graph->check_lists(pool), path));
  return graph;
}

Result<PackedGraph> load_graph(const File& file, const SegmentHeader& header, ThreadPool& pool) {
  VAMANA_ASSIGN(const PayloadReader reader, PayloadReader::open(file, header));
  VAMANA_ASSIGN(AlignedBuffer payload, AlignedBuffer::create(header.payload_bytes));
  PagePadding padding(reader.layout());
  const PayloadPart parts[] = {{0, header.payload_bytes, payload.data()}, padding.part()};
  VAMANA_TRY(read_payload(reader, parts, pool));
  VAMANA_TRY(padding.check(file.path()));
  VAMANA_TRY(check_graph_padding(header, payload, file.path()));
  return adopt_graph(header, std::move(payload), file.path(), pool);
}

Result<LoadedCodes> load_codes(const File& file, const SegmentHeader& header, ThreadPool& pool) {
  VAMANA_TRY(check_code_layout(header, file.path()));
  VAMANA_ASSIGN(const PayloadReader reader, PayloadReader::open(file, header));
  const CodesPlaces places = codes_places(header);
  // The parameters go to a buffer of their own: the codec keeps them in its own shape, the codes stay.
  LoadedCodes loaded;
  VAMANA_ASSIGN(AlignedBuffer parameters, AlignedBuffer::create(places.codes));
  VAMANA_ASSIGN(loaded.codes, AlignedBuffer::create(places.end - places.codes));
  PagePadding padding(reader.layout());
  const PayloadPart parts[] = {{0, places.codes, parameters.data()},
                               {places.codes, places.end - places.codes, loaded.codes.data()},
                               padding.part()};
  VAMANA_TRY(read_payload(reader, parts, pool));
  VAMANA_TRY(padding.check(file.path()));
  const std::span<const uint8_t> block(parameters.data(), places.codes);
  VAMANA_TRY(check_zero(block.subspan(places.parameters), kHeaderBytes + places.parameters, file.path()));
  VAMANA_TRY(check_all_code_padding(header, loaded.codes, file.path(), pool));
  VAMANA_ASSIGN(loaded.codec, codec_of(header, block.first(places.parameters), file.path()));
  loaded.layout = code_layout(header.codes.code_bytes);
  loaded.layout.codes = loaded.codes.data();
  return loaded;
}

Result<std::unique_ptr<Codec>> codec_of(const SegmentHeader& header, std::span<const uint8_t> parameters,
                                        const std::string& path) {
  auto codec = make_codec(static_cast<CodecKind>(header.codes.codec), header.dim, header.metric,
                          header.codes.code_bytes, parameters);
  if (!codec.ok()) return at_path(codec.status(), path);
  return codec;
}

}  // namespace vamana
