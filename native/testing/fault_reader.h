// A page reader that misbehaves on command, around any other: fails or falsifies the n-th read, delays,
// holds back or reorders finished batches. Without a command it changes nothing, which the contract suite
// checks. For tests only.
//
// Thread safety: the commands and counters from any thread, at any time; they reach every session. A read
// is counted when it is submitted; the order over sessions is the order of their submissions.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/prng.h"
#include "io/page_reader.h"

namespace vamana::testing {

class FaultReader final : public PageReader {
 public:
  explicit FaultReader(std::unique_ptr<PageReader> inner) : inner_(std::move(inner)) {}

  // The n-th read from now (1 is the next) fails with `status`; its buffer is filled with 0xEE.
  void fail_read(uint64_t n, Status status);
  // Every read from the n-th on: a disk that is gone.
  void fail_from(uint64_t n, Status status);
  // The n-th read from now comes with one byte inverted, `offset` bytes behind its start.
  void flip_byte(uint64_t n, uint64_t offset);

  // A batch is not handed back before so long after its submission.
  void delay(std::chrono::microseconds by);
  // Hands back whatever is ready in an order drawn from the seed, 0 for none.
  void reorder(uint64_t seed);
  // Between hold() and release() no batch is handed back; a waiting reap() waits for the release.
  void hold();
  void release();

  // Reads submitted so far, over all sessions.
  uint64_t reads() const;
  // Batches that they were submitted in.
  uint64_t batches() const;

  Result<std::unique_ptr<ReadSession>> open_session(const SessionOptions& options) override;
  Result<std::shared_ptr<const PageFile>> open_file(const std::string& path) override {
    return inner_->open_file(path);
  }
  ReaderFacts facts() const override { return inner_->facts(); }

 private:
  friend class FaultSession;
  using Clock = std::chrono::steady_clock;

  struct Fault {
    uint64_t read = 0;  // its number, from 1 over all sessions
    Status status;      // ok: the byte is inverted instead
    uint64_t offset = 0;
  };
  // What will happen to one request of a batch on its way.
  struct Planned {
    size_t request = 0;
    Fault fault;
  };
  struct Rules {
    std::chrono::microseconds delay{0};
    bool holding = false;
    bool reordering = false;
  };

  // Numbers the reads of a batch and returns what is planned for them.
  std::vector<Planned> count_reads(size_t requests);
  Rules rules() const;
  // A number below `bound`, 0 when not reordering.
  size_t draw(size_t bound);
  void wait_for_release();

  std::unique_ptr<PageReader> inner_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable released_;
  Rules rules_;
  Prng prng_{0};
  uint64_t reads_ = 0;
  uint64_t batches_ = 0;
  std::vector<Fault> faults_;
  Fault from_;  // read 0: none
};

}  // namespace vamana::testing
