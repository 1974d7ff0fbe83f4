#include "base/aligned_buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/coding.h"

namespace vamana {

namespace {
constexpr size_t kHugePageBytes = 2 << 20;

bool huge_pages_wanted() {
  const char* const value = std::getenv("VAMANA_HUGE_PAGES");
  return value != nullptr && std::string_view(value) == "1";
}

}  // namespace

Result<AlignedBuffer> AlignedBuffer::create(size_t bytes) {
  AlignedBuffer buffer;
  if (bytes == 0) return buffer;
  const size_t mapped = round_up(bytes, 4096);
  void* address = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) {
    return Status(Code::kMemoryLimit, format("no memory for a buffer of %zu bytes", bytes));
  }
  // Only where whole huge pages fit: a small buffer must not be rounded up to 2 MiB of real memory.
  if (mapped >= 4 * kHugePageBytes && huge_pages_wanted()) ::madvise(address, mapped, MADV_HUGEPAGE);
  buffer.data_ = static_cast<uint8_t*>(address);
  buffer.size_ = bytes;
  buffer.mapped_ = mapped;
  return buffer;
}

AlignedBuffer::AlignedBuffer(AlignedBuffer&& other) noexcept { *this = std::move(other); }

AlignedBuffer& AlignedBuffer::operator=(AlignedBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  std::swap(locked_, other.locked_);
  return *this;
}

AlignedBuffer::~AlignedBuffer() {
  if (data_ != nullptr) ::munmap(data_, mapped_);
}

bool AlignedBuffer::lock() {
  if (data_ != nullptr && !locked_) locked_ = ::mlock(data_, mapped_) == 0;
  return locked_;
}

}  // namespace vamana
