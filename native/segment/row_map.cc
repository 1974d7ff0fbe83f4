#include "segment/row_map.h"

#include <algorithm>

#include "base/coding.h"
#include "segment/payload_reader.h"

namespace vamana {

namespace {

using ull = unsigned long long;

constexpr uint64_t kPairBytes = 2 * sizeof(uint32_t);
constexpr uint64_t kPagePairs = kHeaderBytes / kPairBytes;

Status node_error(const std::string& path, uint64_t offset, uint32_t node, uint64_t rows) {
  return Status(Code::kCorrupt,
                format("%s: at offset %llu: node is %u, expected one below %llu; build the segment again", path.c_str(),
                       ull(offset), node, ull(rows)));
}

}  // namespace

Status scan_row_map(const File& file, const SegmentHeader& header, const RowMap::Visit& visit) {
  VAMANA_ASSIGN(const PayloadReader reader, PayloadReader::open(file, header));
  const BlockLayout& layout = reader.layout();
  const RowsFields& ids = header.row_ids;
  const bool contiguous = rows_contiguous(ids, header.rows);
  const uint64_t entry_bytes = row_entry_bytes(ids, header.rows);
  std::vector<uint8_t> bytes(kChecksumBlockBytes);
  uint64_t entry = 0;
  uint32_t row = 0;
  for (uint64_t block = 0; block < layout.blocks(); ++block) {
    const uint64_t begin = layout.block_offset(block);
    const PayloadPart part{begin, layout.block_bytes(block), bytes.data()};
    VAMANA_TRY(reader.read_block(block, {&part, 1}));
    uint64_t at = 0;
    for (; at < part.bytes && entry < header.rows; at += entry_bytes, ++entry) {
      const uint8_t* const from = bytes.data() + at;
      const uint32_t before = row;
      row = contiguous ? static_cast<uint32_t>(ids.first + entry) : load_le<uint32_t>(from);
      if (entry == 0 ? row != ids.first : row <= before) {
        return Status(Code::kCorrupt,
                      format("%s: at offset %llu: row is %u, expected %s %u; build the segment again",
                             file.path().c_str(), ull(kHeaderBytes + begin + at), row,
                             entry == 0 ? "the header's first," : "one above", entry == 0 ? ids.first : before));
      }
      const auto node = load_le<uint32_t>(from + entry_bytes - sizeof(uint32_t));
      if (node >= header.rows) {
        return node_error(file.path(), kHeaderBytes + begin + at + entry_bytes - sizeof node, node, header.rows);
      }
      VAMANA_TRY(visit(row, node));
    }
    VAMANA_TRY(check_zero(std::span(bytes).subspan(at, part.bytes - at), kHeaderBytes + begin + at, file.path()));
  }
  if (row != ids.last) {
    return Status(Code::kCorrupt, format("%s: the last row is %u, the header says %u; build the segment again",
                                         file.path().c_str(), row, ids.last));
  }
  return Status();
}

Result<RowMap> RowMap::open(File file, const SegmentHeader& header) {
  RowMap map(std::move(file), header);
  uint64_t entry = 0;
  const bool contiguous = map.contiguous();
  if (!contiguous) map.page_rows_.reserve(div_up(header.rows, kPagePairs));
  VAMANA_TRY(scan_row_map(map.file_, header, [&](uint32_t row, uint32_t) {
    if (!contiguous && entry++ % kPagePairs == 0) map.page_rows_.push_back(row);
    return Status();
  }));
  return map;
}

Result<std::optional<uint32_t>> RowMap::node_of(uint32_t row) const {
  if (row < first() || row > last()) return std::optional<uint32_t>();
  if (contiguous()) {
    uint8_t bytes[sizeof(uint32_t)];
    const uint64_t offset = kHeaderBytes + uint64_t{row - first()} * sizeof(uint32_t);
    VAMANA_TRY(file_.read_at(offset, bytes, sizeof bytes));
    const auto node = load_le<uint32_t>(bytes);
    if (node >= rows()) return node_error(file_.path(), offset, node, rows());
    return std::optional<uint32_t>(node);
  }
  const auto above = std::upper_bound(page_rows_.begin(), page_rows_.end(), row);
  const auto page = static_cast<uint64_t>(above - page_rows_.begin()) - 1;
  const uint64_t pairs = std::min(kPagePairs, rows() - page * kPagePairs);
  uint8_t bytes[kHeaderBytes];
  const uint64_t offset = kHeaderBytes + page * kHeaderBytes;
  VAMANA_TRY(file_.read_at(offset, bytes, pairs * kPairBytes));
  uint64_t low = 0, high = pairs;
  while (low < high) {
    const uint64_t middle = (low + high) / 2;
    if (load_le<uint32_t>(bytes + middle * kPairBytes) < row) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == pairs || load_le<uint32_t>(bytes + low * kPairBytes) != row) return std::optional<uint32_t>();
  const uint64_t at = low * kPairBytes + sizeof(uint32_t);
  const auto node = load_le<uint32_t>(bytes + at);
  if (node >= rows()) return node_error(file_.path(), offset + at, node, rows());
  return std::optional<uint32_t>(node);
}

Status RowMap::for_each(const Visit& visit) const { return scan_row_map(file_, header_, visit); }

}  // namespace vamana
