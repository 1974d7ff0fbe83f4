// How much of the machine a job in the background may take, changed while it runs: limits of bytes and of disk
// operations a second, a share of the processors' time, a pause, and giving way to searches. The job asks before each
// window that it reads or writes, before each chunk of its loops, and at every step of its progress.
//
// Thread safety: every method from any thread, at once.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/cancel.h"
#include "job/row_source.h"

namespace vamana {

class Throttle {
 public:
  // 0: no limit.
  void set_bytes_per_second(uint64_t bytes) { bytes_.per_second.store(bytes, std::memory_order_relaxed); }
  // An operation is what disks and systems make of a request: kOperationBytes of it at most. 0: no limit.
  void set_operations_per_second(uint64_t count) { operations_.per_second.store(count, std::memory_order_relaxed); }
  // Of the time of each of its threads; what is worked between two chunks is rested from after them. 100: no limit.
  void set_cpu_percent(uint32_t percent) { cpu_percent_.store(percent, std::memory_order_relaxed); }
  void set_paused(bool paused) { paused_.store(paused, std::memory_order_relaxed); }
  // Whether the job stands still while a search is in flight and for kQuiet afterwards, since where searches come often
  // the next one should not find it at work either and share caches and memory with it. At each chunk for kYieldMax at
  // most, so that it comes to an end however many searches there are.
  void set_yields(bool yields) { yields_.store(yields, std::memory_order_relaxed); }

  // Waits while the job is paused; returns within some hundredths of a second when it is cancelled.
  void wait_while_paused(const CancelFlag& cancel) const;
  // The same, rests when it has worked its share, and gives way to searches.
  void before_work(const CancelFlag& cancel) const;
  // Waits while the job is paused, then until so many bytes, read or written at once, are due under the limits.
  void pass(uint64_t bytes, const CancelFlag& cancel);

  static constexpr uint64_t kOperationBytes = 128 << 10;
  static constexpr std::chrono::milliseconds kYieldMax{5};
  static constexpr std::chrono::milliseconds kQuiet{2};

 private:
  using Clock = std::chrono::steady_clock;

  void rest(const CancelFlag& cancel) const;
  void yield(const CancelFlag& cancel) const;

  struct Limit {
    std::atomic<uint64_t> per_second{0};
    Clock::time_point due;  // guarded by mutex_: when all that was asked for so far has passed

    uint64_t get() const { return per_second.load(std::memory_order_relaxed); }
    // REQUIRES mutex_. When `amount` more has passed.
    Clock::time_point add(uint64_t limit, uint64_t amount, Clock::time_point now);
  };

  Limit bytes_, operations_;
  std::atomic<bool> paused_{false};
  std::atomic<bool> yields_{false};
  std::atomic<uint32_t> cpu_percent_{100};
  std::mutex mutex_;
};

// Rows that are read as fast as a throttle allows.
class ThrottledRows final : public RowSource {
 public:
  // `cancel` outlives this.
  ThrottledRows(std::shared_ptr<const RowSource> rows, std::shared_ptr<Throttle> throttle, const CancelFlag& cancel)
      : rows_(std::move(rows)), throttle_(std::move(throttle)), cancel_(cancel) {}

  uint64_t rows() const override { return rows_->rows(); }
  uint32_t dim() const override { return rows_->dim(); }
  Element element() const override { return rows_->element(); }
  uint32_t row_id(uint64_t place) const override { return rows_->row_id(place); }
  Status read_rows(uint64_t first, uint64_t count, uint8_t* to) const override {
    throttle_->pass(count * row_bytes(), cancel_);
    return rows_->read_rows(first, count, to);
  }

 private:
  const std::shared_ptr<const RowSource> rows_;
  const std::shared_ptr<Throttle> throttle_;
  const CancelFlag& cancel_;
};

}  // namespace vamana
