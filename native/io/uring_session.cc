#include "io/uring_session.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace vamana {

namespace {

// The kernel registers buffers of at most 1 GiB; a larger arena is registered in pieces.
constexpr uint64_t kArenaPieceBytes = 1ull << 30;

// Files registered at once; a collection seldom has more segments.
constexpr uint32_t kRegisteredFiles = 64;

// When the kernel has no memory for a new read it says so at once; we come again for about 0.1 s.
constexpr uint32_t kMaxStalls = 1000;
constexpr uint32_t kStallMicroseconds = 100;

}  // namespace

Result<std::unique_ptr<UringSession>> UringSession::create(const SessionOptions& options) {
  const uint32_t depth = std::clamp(options.queue_depth, 1u, UringRing::kMaxEntries);
  VAMANA_ASSIGN(auto ring, UringRing::create(depth));
  std::unique_ptr<UringSession> session(new UringSession(std::move(ring), depth));
  // Both registrations only save the kernel work on each read: refused ones are done without.
  if (session->ring_->register_file_table(kRegisteredFiles)) session->files_.resize(kRegisteredFiles);
  session->register_arena(options.buffer_arena);
  return session;
}

UringSession::UringSession(std::unique_ptr<UringRing> ring, uint32_t queue_depth)
    : ring_(std::move(ring)), reads_(queue_depth) {
  for (uint32_t index = queue_depth; index > 0; --index) free_.push_back(index - 1);
}

void UringSession::register_arena(std::span<uint8_t> arena) {
  if (arena.empty()) return;
  std::vector<iovec> pieces;
  for (size_t begin = 0; begin < arena.size(); begin += kArenaPieceBytes) {
    pieces.push_back({arena.data() + begin, std::min<size_t>(kArenaPieceBytes, arena.size() - begin)});
  }
  if (ring_->register_buffers(pieces)) arena_ = arena;
}

UringSession::~UringSession() {
  closing_ = true;
  queued_.clear();
  while (ring_->unsubmitted() > 0) release(static_cast<uint32_t>(ring_->take_back()));
  for (collect(); in_flight() > 0; collect()) enter(in_flight());
}

void UringSession::submit(PageBatch* batch) {
  begin_batch(batch);
  active_.push_back(batch);
  queued_.push_back({batch, 0});
  start_queued();
  if (ring_->unsubmitted() > 0) enter(0);
}

PageBatch* UringSession::reap(bool wait) {
  for (bool entered = false;; entered = true) {
    collect();
    start_queued();
    const bool unsubmitted = ring_->unsubmitted() > 0;
    if (!finished_.empty()) {
      if (unsubmitted) enter(0);
      return take_finished();
    }
    if (in_flight() == 0) return nullptr;
    if (wait) {
      enter(least_to_finish_one());
    } else {
      if (!unsubmitted && (entered || !ring_->completions_held())) return nullptr;
      enter(0);
      if (entered) return nullptr;
    }
  }
}

PageBatch* UringSession::take_finished() {
  PageBatch* batch = finished_.front();
  finished_.pop_front();
  return batch;
}

// Prepares reads of the batches that wait, oldest first, as long as there is room.
void UringSession::start_queued() {
  while (!queued_.empty() && !free_.empty()) {
    const auto [batch, next] = queued_.front();
    if (next + 1 == batch->requests.size()) {
      queued_.pop_front();
    } else {
      ++queued_.front().next;
    }
    PageRequest* request = &batch->requests[next];
    Status status = check_buffered_request(*request);
    if (!status.ok()) {
      end(batch, request, std::move(status));
      continue;
    }
    const uint32_t index = free_.back();
    free_.pop_back();
    reads_[index] = {batch, request, ReadProgress(request_bytes(*request), request->file->alignment())};
    prepare(index);
  }
}

void UringSession::prepare(uint32_t index) {
  const Read& read = reads_[index];
  const int buffer = registered_buffer(*read.request);
  io_uring_sqe& entry = ring_->prepare();
  entry.opcode = buffer >= 0 ? IORING_OP_READ_FIXED : IORING_OP_READ;
  if (buffer >= 0) entry.buf_index = static_cast<uint16_t>(buffer);
  const int place = registered_file(*read.request->file);
  entry.fd = place >= 0 ? place : read.request->file->file.fd();
  if (place >= 0) entry.flags = IOSQE_FIXED_FILE;
  entry.addr = reinterpret_cast<uint64_t>(read.request->buffer + read.progress.position());
  entry.len = read.progress.remaining();
  entry.off = request_offset(*read.request) + read.progress.position();
  entry.user_data = index;
}

// The number of the registered piece that holds the request's buffer wholly, or -1.
int UringSession::registered_buffer(const PageRequest& request) const {
  const auto begin = reinterpret_cast<uintptr_t>(request.buffer);
  const auto arena = reinterpret_cast<uintptr_t>(arena_.data());
  if (begin < arena || begin - arena >= arena_.size()) return -1;
  const uint64_t first = begin - arena;
  const uint64_t last = first + request_bytes(request) - 1;
  if (last >= arena_.size() || first / kArenaPieceBytes != last / kArenaPieceBytes) return -1;
  return static_cast<int>(first / kArenaPieceBytes);
}

// The file's place in the table, or -1. A place is given to another file only when the one before is closed:
// as long as it is not, reads of it may be prepared.
int UringSession::registered_file(const PageFile& file) {
  if (files_.empty()) return -1;
  const auto place = static_cast<uint32_t>(file.number % files_.size());
  RegisteredFile& at = files_[place];
  if (at.taken && at.number == file.number) return static_cast<int>(place);
  if (at.taken && !at.file.expired()) return -1;
  if (!ring_->set_registered_file(place, file.file.fd())) return -1;
  at = {file.weak_from_this(), file.number, true};
  return static_cast<int>(place);
}

void UringSession::forget_closed_files() {
  for (uint32_t place = 0; place < files_.size(); ++place) {
    RegisteredFile& at = files_[place];
    if (at.taken && at.file.expired() && ring_->set_registered_file(place, -1)) at = {};
  }
}

void UringSession::enter(uint32_t wait_for) {
  const int error = ring_->enter(wait_for);
  if (error == 0) stalls_ = 0;
  if (error == 0 || error == EINTR) return;
  const bool transient = error == EAGAIN || error == EBUSY || error == ENOMEM;
  if (transient && ++stalls_ <= kMaxStalls) {
    ::usleep(kStallMicroseconds);
    return;
  }
  fail_unsubmitted(error);
}

void UringSession::fail_unsubmitted(int error) {
  // A wait for reads that the kernel has can only fail by a mistake here (a wrong thread, a closed ring).
  // Going on is no choice: it would give their buffers back while the kernel may still write to them.
  VAMANA_CHECK(ring_->unsubmitted() > 0);
  while (ring_->unsubmitted() > 0) {
    const auto index = static_cast<uint32_t>(ring_->take_back());
    const Read read = reads_[index];
    release(index);
    end(read.batch, read.request,
        Status(Code::kIo,
               format("read %s: %u bytes at byte %llu: io_uring_enter: %s", read.request->file->path().c_str(),
                      read.progress.remaining(), 1ull * request_offset(*read.request) + read.progress.position(),
                      std::strerror(error))));
  }
  stalls_ = 0;
}

void UringSession::collect() {
  ring_->drain([this](uint64_t user_data, int32_t result) { complete(static_cast<uint32_t>(user_data), result); });
}

void UringSession::complete(uint32_t index, int32_t result) {
  Read& read = reads_[index];
  const auto step = read.progress.advance(result);
  if (step == ReadProgress::Step::kAgain && !closing_) {
    prepare(index);
    return;
  }
  Status status;
  if (step == ReadProgress::Step::kFailed)
    status = read.progress.failure(read.request->file->path(), request_offset(*read.request));
  PageBatch* batch = read.batch;
  PageRequest* request = read.request;
  release(index);
  end(batch, request, std::move(status));
}

void UringSession::release(uint32_t index) {
  reads_[index] = {};
  free_.push_back(index);
}

void UringSession::end(PageBatch* batch, PageRequest* request, Status status) {
  if (!end_request(batch, request, request->buffer, std::move(status))) return;
  active_.erase(std::find(active_.begin(), active_.end(), batch));
  finished_.push_back(batch);
}

uint32_t UringSession::least_to_finish_one() const {
  uint32_t least = UINT32_MAX;
  for (const PageBatch* batch : active_) least = std::min(least, batch->pending);
  // While others wait for room the disk must not run dry: refill when half of the reads are done.
  const uint32_t most = queued_.empty() ? in_flight() : (in_flight() + 1) / 2;
  return std::clamp(least, 1u, most);
}

}  // namespace vamana
