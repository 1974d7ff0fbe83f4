// How much of the disk a job in the background may take, changed while it runs: a limit of bytes a second, and a
// pause. The job asks before each window that it reads or writes, and at every step of its progress.
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
  void set_bytes_per_second(uint64_t bytes) { bytes_per_second_.store(bytes, std::memory_order_relaxed); }
  void set_paused(bool paused) { paused_.store(paused, std::memory_order_relaxed); }

  // Waits while the job is paused; returns within some hundredths of a second when it is cancelled.
  void wait_while_paused(const CancelFlag& cancel) const;
  // The same, and waits until so many bytes are due under the limit.
  void pass(uint64_t bytes, const CancelFlag& cancel);

 private:
  using Clock = std::chrono::steady_clock;

  std::atomic<uint64_t> bytes_per_second_{0};
  std::atomic<bool> paused_{false};
  std::mutex mutex_;
  Clock::time_point due_;  // guarded: when the bytes asked for so far have all passed
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
