#include "delta/delta.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/finite_scan.h"
#include "codec/codec.h"
#include "kernels/kernels.h"

namespace vamana {

namespace {

constexpr uint32_t kLinkBatch = 64;
constexpr auto kLinkWait = std::chrono::milliseconds(1);

Status check_range(const char* what, double value, double min, double max) {
  if (value >= min && value <= max) return Status();
  return Status(Code::kInvalidArgument, format("%s of a delta is %g: pass %g to %g", what, value, min, max));
}

}  // namespace

Result<std::shared_ptr<Delta>> Delta::create(const DeltaOptions& options) {
  VAMANA_TRY(check_range("dim", options.dim, 1, 65536));
  VAMANA_TRY(check_range("degree", options.degree, 4, 256));
  VAMANA_TRY(check_range("build_list", options.build_list, options.degree, 4096));
  VAMANA_TRY(check_range("alpha", static_cast<double>(options.alpha), 1, 2));
  return std::shared_ptr<Delta>(new Delta(options));
}

Delta::Delta(const DeltaOptions& options)
    : options_(options),
      memory_(options.dim, options.element, options.metric, options.degree),
      graph_(memory_),
      widened_(memory_.normalised() ? options.dim : 0),
      inserter_(memory_, PruneParams{options.degree, options.alpha}, options.build_list) {}

Status Delta::append(std::span<const uint32_t> rows, const uint8_t* vectors) {
  if (rows.empty()) return Status();
  VAMANA_TRY(check(rows, vectors));
  const uint32_t first = rows_.load(std::memory_order_relaxed);
  VAMANA_TRY(memory_.reserve(uint64_t{first} + rows.size()));
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto slot = static_cast<uint32_t>(first + i);
    *memory_.row(slot) = rows[i];
    copy_in(slot, vectors + i * vector_bytes());
  }
  rows_.store(static_cast<uint32_t>(first + rows.size()), std::memory_order_release);
  return Status();
}

Status Delta::check(std::span<const uint32_t> rows, const uint8_t* vectors) const {
  if (frozen()) return Status(Code::kInvalidArgument, "the delta is frozen: append to its successor");
  const uint32_t count = rows_.load(std::memory_order_relaxed);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 && count == 0) continue;
    const uint32_t before = i == 0 ? row(count - 1) : rows[i - 1];
    if (rows[i] > before) continue;
    return Status(Code::kInvalidArgument, format("row %u follows row %u (place %zu of the batch): row ids of a delta "
                                                 "must ascend",
                                                 rows[i], before, i));
  }
  const size_t values = rows.size() * options_.dim;
  const size_t bad = options_.element == Element::kF32   ? first_not_finite_f32(vectors, values)
                     : options_.element == Element::kF16 ? first_not_finite_f16(vectors, values)
                                                         : values;
  if (bad == values) return Status();
  return Status(Code::kNotFinite, format("row %u (place %zu of the batch) is NaN or infinite at dimension %zu",
                                         rows[bad / options_.dim], bad / options_.dim, bad % options_.dim));
}

void Delta::copy_in(uint32_t slot, const uint8_t* vector) {
  uint8_t* const to = memory_.vector(slot);
  if (widened_.empty()) {
    std::memcpy(to, vector, vector_bytes());
    return;
  }
  widen_kernel(options_.element)(vector, options_.dim, widened_.data());
  normalise(widened_.data(), options_.dim);
  if (options_.element == Element::kF32) {
    std::memcpy(to, widened_.data(), vector_bytes());
    return;
  }
  for (uint32_t d = 0; d < options_.dim; ++d) store_le<uint16_t>(to + d * sizeof(uint16_t), f32_to_f16(widened_[d]));
}

uint32_t Delta::link_some(uint32_t rows_max) {
  const std::unique_lock lock(linking_, std::try_to_lock);
  if (!lock.owns_lock()) return 0;
  const uint32_t first = linked_.load(std::memory_order_relaxed);
  const uint32_t count = std::min(rows_max, rows() - first);
  if (!frozen()) memory_.prepare(first + count);
  for (uint32_t slot = first; slot < first + count; ++slot) {
    inserter_.insert(slot);
    linked_.store(slot + 1, std::memory_order_release);
  }
  return count;
}

Status Delta::link_all(const CancelFlag& cancel) {
  const uint32_t target = rows();
  while (linked() < target) {
    if (cancel.cancelled()) return aborted_status("linking the delta");
    if (link_some(kLinkBatch) == 0) std::this_thread::sleep_for(kLinkWait);
  }
  return Status();
}

std::optional<uint32_t> Delta::slot_of(uint32_t row, uint32_t visible) const {
  uint32_t low = 0, high = visible;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (this->row(middle) < row) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == visible || this->row(low) != row) return std::nullopt;
  return low;
}

}  // namespace vamana
