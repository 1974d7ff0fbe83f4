// vectors.seg, slot by slot: checksum, zeros where no record is, row ids distinct and those of rows.seg.
#include <algorithm>

#include "base/coding.h"
#include "format/block_checksums.h"
#include "segment/payload_reader.h"
#include "segment/row_set.h"
#include "segment/verify_run.h"

namespace vamana {

namespace {

using ull = unsigned long long;

// One read of a thread.
constexpr uint64_t kChunkBytes = 256 << 10;

class SlotCheck {
 public:
  SlotCheck(const File& file, const SegmentHeader& header, std::span<const uint32_t> row_of_node)
      : file_(file),
        header_(header),
        row_of_node_(row_of_node),
        slots_(div_up(header.rows, header.vectors.records_per_slot)) {}

  uint64_t slots() const { return slots_; }
  uint64_t offset(uint64_t slot) const { return kHeaderBytes + slot * header_.block_bytes; }

  // Reads slots [begin, end) into `buffer` and checks each; what is wrong goes to `findings`.
  void check(uint64_t begin, uint64_t end, uint8_t* buffer, WindowFindings* findings) {
    const Status read = file_.read_at(offset(begin), buffer, (end - begin) * header_.block_bytes);
    if (!read.ok()) return findings->add(offset(begin), read);
    for (uint64_t slot = begin; slot < end; ++slot) {
      check_slot(slot, {buffer + (slot - begin) * header_.block_bytes, header_.block_bytes}, findings);
    }
  }

 private:
  void check_slot(uint64_t slot, std::span<const uint8_t> bytes, WindowFindings* findings) {
    const size_t covered = bytes.size() - sizeof(uint32_t);
    const auto stored = load_le<uint32_t>(bytes.data() + covered);
    const uint32_t computed = slot_checksum(slot, bytes.data(), header_.block_bytes);
    if (stored != computed) {
      // Nothing in it can be trusted, so nothing more is said about it.
      return findings->add(
          offset(slot), Status(Code::kCorrupt,
                               format("%s: the slot at offset %llu (%u bytes) sums to %08x, its last "
                                      "4 bytes say %08x; restore the file from a copy or build the "
                                      "segment again",
                                      file_.path().c_str(), ull(offset(slot)), header_.block_bytes, computed, stored)));
    }
    const uint32_t per_slot = header_.vectors.records_per_slot;
    const uint64_t records = std::min<uint64_t>(per_slot, header_.rows - slot * per_slot);
    for (uint64_t i = 0; i < records; ++i) check_row(slot, i, bytes, findings);
    const uint64_t used = records * header_.vectors.record_bytes;
    Status padding = check_zero(bytes.subspan(used, covered - used), offset(slot) + used, file_.path());
    if (!padding.ok()) findings->add(offset(slot) + used, std::move(padding));
  }

  void check_row(uint64_t slot, uint64_t record, std::span<const uint8_t> bytes, WindowFindings* findings) {
    const uint64_t at = (record + 1) * header_.vectors.record_bytes - sizeof(uint32_t);
    const auto row = load_le<uint32_t>(bytes.data() + at);
    const uint64_t node = slot * header_.vectors.records_per_slot + record;
    // What rows.seg has was found distinct, so to agree with it is enough.
    const bool mapped = !row_of_node_.empty();
    if (mapped ? row == row_of_node_[node] : row < kMaxRows && rows_.insert(row)) return;
    std::string wrong = mapped ? format("of node %llu, for which rows.seg has row %u", ull(node), row_of_node_[node])
                               : "stands in another record too, expected distinct ones";
    if (row >= kMaxRows) wrong = "is not one, expected at most 4294967294";
    findings->add(offset(slot) + at,
                  Status(Code::kCorrupt, format("%s: at offset %llu: row id %u %s", file_.path().c_str(),
                                                ull(offset(slot) + at), row, wrong.c_str())));
  }

  const File& file_;
  const SegmentHeader& header_;
  const std::span<const uint32_t> row_of_node_;
  const uint64_t slots_;
  RowSet rows_;
};

}  // namespace

Status verify_vectors(VerifyRun& run, const File& file, const SegmentHeader& header,
                      std::span<const uint32_t> row_of_node) {
  SlotCheck check(file, header, row_of_node);
  const uint64_t chunk_slots = std::clamp<uint64_t>(kChunkBytes / header.block_bytes, 1, check.slots());
  const uint64_t window_slots = kVerifyWindowBytes / header.block_bytes;
  std::vector<std::vector<uint8_t>> buffers(run.pool().threads());
  for (auto& buffer : buffers) buffer.resize(chunk_slots * header.block_bytes);
  WindowFindings findings;
  for (uint64_t first = 0; first < check.slots(); first += window_slots) {
    const uint64_t count = std::min(window_slots, check.slots() - first);
    run.pool().parallel_for(count, chunk_slots, [&](size_t begin, size_t end, size_t worker) {
      check.check(first + begin, first + end, buffers[worker].data(), &findings);
    });
    VAMANA_TRY(run.note_all(findings.take()));
    // A big file would push everything else out of the page cache, and searches have little use for its pages.
    if (check.slots() > window_slots) file.drop_cache(check.offset(first), count * header.block_bytes);
    VAMANA_TRY(run.advance(count, count * header.block_bytes));
  }
  return Status();
}

}  // namespace vamana
