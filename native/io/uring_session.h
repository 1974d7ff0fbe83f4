// A read session over one io_uring. It turns requests into reads in flight, at most queue_depth at once,
// and completions back into finished batches; ReadProgress decides what a completion means.
//
// One io_uring_enter per submit() for all reads that have room, and one per wait: a wait asks for as many
// completions as the batch nearest its end still lacks, because no batch can be finished by fewer.
//
// A file is registered with the kernel, which saves it work on each read, when it is first read and has the
// place in the table that its number asks for to itself; otherwise it is named by its descriptor. The
// registration keeps a closed file open until forget_closed_files().
//
// Thread safety: one thread, the one that created it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "io/page_file.h"
#include "io/page_reader.h"
#include "io/read_progress.h"
#include "io/uring_ring.h"

namespace vamana {

class UringSession final : public ReadSession {
 public:
  // UNSUPPORTED when the kernel refuses a ring.
  static Result<std::unique_ptr<UringSession>> create(const SessionOptions& options);
  ~UringSession() override;

  void submit(PageBatch* batch) override;
  PageBatch* reap(bool wait) override;
  void forget_closed_files() override;

  bool registered_buffers() const { return !arena_.empty(); }
  // System calls made to start reads and wait for them, for tests and costs.
  uint64_t enters() const { return ring_->enters(); }

 private:
  // A read in flight: prepared, or with the kernel.
  struct Read {
    PageBatch* batch = nullptr;
    PageRequest* request = nullptr;
    ReadProgress progress;
  };
  // A batch whose requests from `next` on wait for room.
  struct Queued {
    PageBatch* batch = nullptr;
    size_t next = 0;
  };

  struct RegisteredFile {
    std::weak_ptr<const PageFile> file;
    uint64_t number = 0;
    bool taken = false;
  };

  UringSession(std::unique_ptr<UringRing> ring, uint32_t queue_depth);
  void register_arena(std::span<uint8_t> arena);

  void start_queued();
  void prepare(uint32_t index);
  int registered_buffer(const PageRequest& request) const;
  int registered_file(const PageFile& file);
  void enter(uint32_t wait_for);
  void fail_unsubmitted(int error);
  void collect();
  void complete(uint32_t index, int32_t result);
  void release(uint32_t index);
  void end(PageBatch* batch, PageRequest* request, Status status);
  uint32_t least_to_finish_one() const;
  uint32_t in_flight() const { return static_cast<uint32_t>(reads_.size() - free_.size()); }
  PageBatch* take_finished();

  // Constant after create().
  std::unique_ptr<UringRing> ring_;
  std::span<uint8_t> arena_;  // as registered; empty when refused

  std::vector<RegisteredFile> files_;  // the table; empty when refused

  std::vector<Read> reads_;     // an entry's user_data is an index here
  std::vector<uint32_t> free_;  // of reads_
  std::deque<Queued> queued_;
  std::vector<PageBatch*> active_;  // submitted and not finished
  std::deque<PageBatch*> finished_;
  uint32_t stalls_ = 0;  // refusals of enter() in a row
  bool closing_ = false;
};

}  // namespace vamana
