#include "search/row_fetch.h"

#include <algorithm>
#include <cstring>

#include "base/aligned_buffer.h"
#include "base/check.h"

namespace vamana {

namespace {

constexpr uint64_t kWindowBytes = 2 << 20;

// A row that stands in a segment.
struct Wanted {
  size_t part;
  uint64_t slot;
  uint32_t node;
  size_t index;  // into fetched.rows
};

class Fetch {
 public:
  Fetch(const SearchSnapshot& snapshot, ReadSession& session, PageCache& cache, FetchedRows& fetched)
      : snapshot_(snapshot), session_(session), cache_(cache), fetched_(fetched) {}

  Status run() {
    fetched_.found.assign(fetched_.rows.size(), 0);
    fetched_.vectors.assign(fetched_.rows.size() * vector_bytes(), 0);
    VAMANA_TRY(find_all());
    if (wanted_.empty()) return Status();
    std::sort(wanted_.begin(), wanted_.end(), [](const Wanted& a, const Wanted& b) {
      return a.part < b.part || (a.part == b.part && a.slot < b.slot);
    });
    slot_bytes_ = snapshot_.segments().front().segment->slot_pages() * kPageBytes;
    const uint64_t slots_max = std::max<uint64_t>(1, kWindowBytes / slot_bytes_);
    VAMANA_ASSIGN(buffer_, AlignedBuffer::create(std::min<uint64_t>(slots_max, wanted_.size()) * slot_bytes_));
    for (size_t begin = 0, end; begin < wanted_.size(); begin = end) {
      uint64_t slots = 1;
      for (end = begin + 1; end < wanted_.size(); ++end) {
        if (new_slot(end) && ++slots > slots_max) break;
      }
      VAMANA_TRY(read(begin, end));
    }
    return Status();
  }

 private:
  uint64_t vector_bytes() const { return snapshot_.space().vector_bytes(); }
  const Segment& segment(size_t part) const { return *snapshot_.segments()[part].segment; }
  bool new_slot(size_t i) const {
    return wanted_[i].part != wanted_[i - 1].part || wanted_[i].slot != wanted_[i - 1].slot;
  }

  void deliver(size_t index, const uint8_t* vector) {
    fetched_.found[index] = 1;
    std::memcpy(fetched_.vectors.data() + index * vector_bytes(), vector, vector_bytes());
  }

  Status find_all() {
    const size_t segments = snapshot_.segments().size();
    for (size_t i = 0; i < fetched_.rows.size(); ++i) {
      VAMANA_ASSIGN(const auto place, snapshot_.find(fetched_.rows[i]));
      if (!place) continue;
      if (place->part >= segments) {
        deliver(i, snapshot_.deltas()[place->part - segments].delta->vector(place->at));
      } else {
        wanted_.push_back({place->part, segment(place->part).slot_of(place->at), place->at, i});
      }
    }
    return Status();
  }

  // Rows [begin, end) of wanted_, whose slots fit the buffer.
  Status read(size_t begin, size_t end) {
    batch_.requests.clear();
    batch_.status = Status();
    std::vector<const uint8_t*> data;  // by row; null while its slot is being read
    std::vector<size_t> request_of;
    uint8_t* room = buffer_.data();
    for (size_t i = begin; i < end; ++i) {
      if (i > begin && !new_slot(i)) {
        data.push_back(data.back());
        request_of.push_back(request_of.back());
        continue;
      }
      const Segment& from = segment(wanted_[i].part);
      const bool cached = cache_.lookup(from.cache_key(wanted_[i].slot), room);
      data.push_back(cached ? room : nullptr);
      request_of.push_back(batch_.requests.size());
      if (!cached) {
        batch_.requests.push_back({.file = &from.page_file(),
                                   .page = from.slot_page(wanted_[i].slot),
                                   .pages = from.slot_pages(),
                                   .buffer = room});
      }
      room += slot_bytes_;
    }
    if (!batch_.requests.empty()) {
      session_.submit(&batch_);
      VAMANA_CHECK(session_.reap(true) == &batch_);
      VAMANA_TRY(batch_.status);
    }
    for (size_t i = begin; i < end; ++i) {
      const bool was_read = data[i - begin] == nullptr;
      const uint8_t* const slot = was_read ? batch_.requests[request_of[i - begin]].data : data[i - begin];
      VAMANA_TRY(take(wanted_[i], slot, was_read && (i == begin || new_slot(i))));
    }
    return Status();
  }

  Status take(const Wanted& wanted, const uint8_t* slot, bool fresh) {
    const Segment& from = segment(wanted.part);
    if (fresh) {
      if (!from.slot_valid(wanted.slot, slot)) return from.slot_error(wanted.slot);
      cache_.insert(from.cache_key(wanted.slot), slot);
    }
    const uint8_t* const record = from.record_in_slot(slot, wanted.node);
    const uint32_t row = fetched_.rows[wanted.index];
    if (from.row_in_record(record) != row) {
      return Status(Code::kCorrupt,
                    format("%s: node %u has row id %u, rows.seg says %u; run `vamana verify`, then build "
                           "the segment again",
                           from.vectors_path().c_str(), wanted.node, from.row_in_record(record), row));
    }
    deliver(wanted.index, record);
    return Status();
  }

  const SearchSnapshot& snapshot_;
  ReadSession& session_;
  PageCache& cache_;
  FetchedRows& fetched_;
  std::vector<Wanted> wanted_;
  uint64_t slot_bytes_ = 0;
  AlignedBuffer buffer_;
  PageBatch batch_;
};

}  // namespace

Status fetch_rows(const SearchSnapshot& snapshot, ReadSession& session, PageCache& cache, FetchedRows& fetched) {
  return Fetch(snapshot, session, cache, fetched).run();
}

}  // namespace vamana
