#include "base/crc32c.h"

#include <array>

#include "base/coding.h"

namespace vamana {

namespace {

constexpr uint32_t kPolynomial = 0x82F63B78u;  // 0x1EDC6F41 with its bits reversed

constexpr std::array<std::array<uint32_t, 256>, 8> make_tables() {
  std::array<std::array<uint32_t, 256>, 8> tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (uint32_t byte = 0; byte < 256; ++byte) {
    for (size_t k = 1; k < 8; ++k) tables[k][byte] = (tables[k - 1][byte] >> 8) ^ tables[0][tables[k - 1][byte] & 0xFF];
  }
  return tables;
}

constexpr auto kTables = make_tables();

}  // namespace

// Slicing by eight: eight table look-ups a step instead of one a byte.
uint32_t crc32c_portable(uint32_t crc, const void* data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  crc = ~crc;
  while (size >= 8) {
    const uint64_t word = load_le<uint64_t>(bytes) ^ crc;
    crc = kTables[7][word & 0xFF] ^ kTables[6][(word >> 8) & 0xFF] ^ kTables[5][(word >> 16) & 0xFF] ^
          kTables[4][(word >> 24) & 0xFF] ^ kTables[3][(word >> 32) & 0xFF] ^ kTables[2][(word >> 40) & 0xFF] ^
          kTables[1][(word >> 48) & 0xFF] ^ kTables[0][word >> 56];
    bytes += 8;
    size -= 8;
  }
  while (size-- > 0) crc = (crc >> 8) ^ kTables[0][(crc ^ *bytes++) & 0xFF];
  return ~crc;
}

#if defined(__x86_64__)

namespace {

// One step of the instruction takes three cycles but a new one can start every cycle, so three streams run
// side by side; the first two are then moved past the bytes that followed them. Moving a CRC over n zero
// bytes is a linear map, applied here through a table for the one block length in use.
constexpr size_t kStreamBytes = 1360;  // 3 x 1360 = 4080: a slot of 4096 bytes in one round

constexpr uint32_t shift_one_byte(uint32_t crc) { return (crc >> 8) ^ kTables[0][crc & 0xFF]; }

using ShiftTable = std::array<std::array<uint32_t, 256>, 4>;

ShiftTable make_shift_table(size_t bytes) {
  ShiftTable table{};
  for (size_t k = 0; k < 4; ++k) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t crc = byte << (8 * k);
      for (size_t i = 0; i < bytes; ++i) crc = shift_one_byte(crc);
      table[k][byte] = crc;
    }
  }
  return table;
}

uint32_t shift(const ShiftTable& table, uint32_t crc) {
  return table[0][crc & 0xFF] ^ table[1][(crc >> 8) & 0xFF] ^ table[2][(crc >> 16) & 0xFF] ^ table[3][crc >> 24];
}

__attribute__((target("sse4.2"))) uint32_t crc32c_hardware(uint32_t crc, const void* data, size_t size) {
  static const ShiftTable one_stream = make_shift_table(kStreamBytes);
  const auto* bytes = static_cast<const uint8_t*>(data);
  uint64_t first = ~crc;
  while (size >= 3 * kStreamBytes) {
    uint64_t second = 0, third = 0;
    for (size_t i = 0; i < kStreamBytes; i += 8) {
      first = __builtin_ia32_crc32di(first, load_le<uint64_t>(bytes + i));
      second = __builtin_ia32_crc32di(second, load_le<uint64_t>(bytes + kStreamBytes + i));
      third = __builtin_ia32_crc32di(third, load_le<uint64_t>(bytes + 2 * kStreamBytes + i));
    }
    first = shift(one_stream, static_cast<uint32_t>(first)) ^ second;
    first = shift(one_stream, static_cast<uint32_t>(first)) ^ third;
    bytes += 3 * kStreamBytes;
    size -= 3 * kStreamBytes;
  }
  for (; size >= 8; bytes += 8, size -= 8) first = __builtin_ia32_crc32di(first, load_le<uint64_t>(bytes));
  auto tail = static_cast<uint32_t>(first);
  while (size-- > 0) tail = __builtin_ia32_crc32qi(tail, *bytes++);
  return ~tail;
}

}  // namespace

uint32_t crc32c(uint32_t crc, const void* data, size_t size) {
  static const bool hardware = __builtin_cpu_supports("sse4.2");
  return hardware ? crc32c_hardware(crc, data, size) : crc32c_portable(crc, data, size);
}

#else

uint32_t crc32c(uint32_t crc, const void* data, size_t size) { return crc32c_portable(crc, data, size); }

#endif

}  // namespace vamana
