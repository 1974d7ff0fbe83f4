#include "testing/fault_reader.h"

#include <algorithm>
#include <cstring>
#include <thread>

#include "base/check.h"

namespace vamana::testing {

// Keeps the batches on their way with what is planned for them. It asks the inner session for finished
// batches, applies the plan once, and hands them back as the rules allow.
class FaultSession final : public ReadSession {
 public:
  FaultSession(FaultReader& reader, std::unique_ptr<ReadSession> inner) : reader_(reader), inner_(std::move(inner)) {}

  void submit(PageBatch* batch) override {
    const auto due = FaultReader::Clock::now() + reader_.rules().delay;
    on_their_way_.push_back({batch, due, reader_.count_reads(batch->requests.size())});
    inner_->submit(batch);
  }

  void forget_closed_files() override { inner_->forget_closed_files(); }

  PageBatch* reap(bool wait) override {
    for (;;) {
      while (PageBatch* batch = inner_->reap(false)) keep(batch);
      if (wait && ready_.empty()) {
        PageBatch* batch = inner_->reap(true);
        if (batch == nullptr) return nullptr;
        keep(batch);
      }
      if (reader_.rules().holding) {
        if (!wait) return nullptr;
        reader_.wait_for_release();
        continue;
      }
      if (PageBatch* batch = take_due()) return batch;
      if (!wait) return nullptr;
      std::this_thread::sleep_until(first_due());
    }
  }

 private:
  struct Way {
    PageBatch* batch = nullptr;
    FaultReader::Clock::time_point due;
    std::vector<FaultReader::Planned> planned;
  };

  void keep(PageBatch* batch) {
    const auto way =
        std::find_if(on_their_way_.begin(), on_their_way_.end(), [&](const Way& w) { return w.batch == batch; });
    VAMANA_CHECK(way != on_their_way_.end());
    for (const auto& planned : way->planned) apply(planned.fault, batch, &batch->requests[planned.request]);
    ready_.push_back(std::move(*way));
    on_their_way_.erase(way);
  }

  static void apply(const FaultReader::Fault& fault, PageBatch* batch, PageRequest* request) {
    if (!fault.status.ok()) {
      if (request->buffer != nullptr) std::memset(request->buffer, 0xEE, request->pages * kPageBytes);
      request->data = nullptr;
      if (batch->status.ok()) batch->status = fault.status;
      return;
    }
    if (request->data == nullptr) return;
    VAMANA_CHECK(fault.offset < request->pages * kPageBytes);
    // A memory map must not be written to: the request gets a copy.
    if (request->data != request->buffer) std::memcpy(request->buffer, request->data, request->pages * kPageBytes);
    request->buffer[fault.offset] ^= 0xFF;
    request->data = request->buffer;
  }

  PageBatch* take_due() {
    const auto now = FaultReader::Clock::now();
    std::vector<size_t> due;
    for (size_t i = 0; i < ready_.size(); ++i) {
      if (ready_[i].due <= now) due.push_back(i);
    }
    if (due.empty()) return nullptr;
    const auto taken = ready_.begin() + static_cast<ptrdiff_t>(due[reader_.draw(due.size())]);
    PageBatch* batch = taken->batch;
    ready_.erase(taken);
    return batch;
  }

  FaultReader::Clock::time_point first_due() const {
    auto first = ready_.front().due;
    for (const auto& way : ready_) first = std::min(first, way.due);
    return first;
  }

  FaultReader& reader_;
  std::unique_ptr<ReadSession> inner_;
  std::vector<Way> on_their_way_;
  std::vector<Way> ready_;
};

void FaultReader::fail_read(uint64_t n, Status status) {
  VAMANA_CHECK(n > 0 && !status.ok());
  std::lock_guard lock(mutex_);
  faults_.push_back({reads_ + n, std::move(status), 0});
}

void FaultReader::fail_from(uint64_t n, Status status) {
  VAMANA_CHECK(n > 0 && !status.ok());
  std::lock_guard lock(mutex_);
  from_ = {reads_ + n, std::move(status), 0};
}

void FaultReader::flip_byte(uint64_t n, uint64_t offset) {
  VAMANA_CHECK(n > 0);
  std::lock_guard lock(mutex_);
  faults_.push_back({reads_ + n, Status(), offset});
}

void FaultReader::delay(std::chrono::microseconds by) {
  std::lock_guard lock(mutex_);
  rules_.delay = by;
}

void FaultReader::reorder(uint64_t seed) {
  std::lock_guard lock(mutex_);
  rules_.reordering = seed != 0;
  prng_ = Prng(seed);
}

void FaultReader::hold() {
  std::lock_guard lock(mutex_);
  rules_.holding = true;
}

void FaultReader::release() {
  {
    std::lock_guard lock(mutex_);
    rules_.holding = false;
  }
  released_.notify_all();
}

uint64_t FaultReader::batches() const {
  std::lock_guard lock(mutex_);
  return batches_;
}

uint64_t FaultReader::reads() const {
  std::lock_guard lock(mutex_);
  return reads_;
}

Result<std::unique_ptr<ReadSession>> FaultReader::open_session(const SessionOptions& options) {
  VAMANA_ASSIGN(auto inner, inner_->open_session(options));
  return std::unique_ptr<ReadSession>(std::make_unique<FaultSession>(*this, std::move(inner)));
}

std::vector<FaultReader::Planned> FaultReader::count_reads(size_t requests) {
  std::lock_guard lock(mutex_);
  ++batches_;
  std::vector<Planned> planned;
  for (size_t i = 0; i < requests; ++i) {
    ++reads_;
    for (const auto& fault : faults_) {
      if (fault.read == reads_) planned.push_back({i, fault});
    }
    if (from_.read != 0 && reads_ >= from_.read) planned.push_back({i, from_});
  }
  std::erase_if(faults_, [this](const Fault& fault) { return fault.read <= reads_; });
  return planned;
}

FaultReader::Rules FaultReader::rules() const {
  std::lock_guard lock(mutex_);
  return rules_;
}

size_t FaultReader::draw(size_t bound) {
  std::lock_guard lock(mutex_);
  return rules_.reordering ? prng_.below(bound) : 0;
}

void FaultReader::wait_for_release() {
  std::unique_lock lock(mutex_);
  released_.wait(lock, [this] { return !rules_.holding; });
}

}  // namespace vamana::testing
