// Little-endian integers in byte buffers: the one way that numbers get into and out of files.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace vamana {

static_assert(std::endian::native == std::endian::little, "the file formats are little-endian and read in place");

template <typename T>
T load_le(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename T>
void store_le(void* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

constexpr uint64_t round_up(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }
constexpr uint64_t div_up(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit; }

}  // namespace vamana
