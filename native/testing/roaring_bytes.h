// Rows as the portable form of a roaring bitmap, which is how filters arrive: written here in the shortest way that is
// right, arrays and bitmaps only unless runs are asked for. For tests only.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace vamana::testing {

inline void put_u16(std::vector<uint8_t>& bytes, uint32_t value) {
  bytes.push_back(static_cast<uint8_t>(value));
  bytes.push_back(static_cast<uint8_t>(value >> 8));
}
inline void put_u32(std::vector<uint8_t>& bytes, uint32_t value) {
  put_u16(bytes, value);
  put_u16(bytes, value >> 16);
}

inline std::vector<uint8_t> roaring_container(const std::vector<uint16_t>& members, bool runs) {
  std::vector<uint8_t> bytes;
  if (runs) {
    std::vector<std::pair<uint32_t, uint32_t>> found;
    for (const uint16_t low : members) {
      if (!found.empty() && found.back().second + 1 == low) {
        found.back().second = low;
      } else {
        found.emplace_back(low, low);
      }
    }
    put_u16(bytes, static_cast<uint32_t>(found.size()));
    for (const auto& [first, last] : found) {
      put_u16(bytes, first);
      put_u16(bytes, last - first);
    }
  } else if (members.size() <= 4096) {
    for (const uint16_t low : members) put_u16(bytes, low);
  } else {
    bytes.resize(8192);
    for (const uint16_t low : members) bytes[low / 8] |= static_cast<uint8_t>(1 << (low % 8));
  }
  return bytes;
}

inline std::vector<uint8_t> roaring_bytes(const std::set<uint32_t>& rows, bool runs = false) {
  std::map<uint32_t, std::vector<uint16_t>> chunks;
  for (const uint32_t row : rows) chunks[row >> 16].push_back(static_cast<uint16_t>(row));
  const auto count = static_cast<uint32_t>(chunks.size());
  if (count == 0) runs = false;
  std::vector<uint8_t> bytes;
  if (runs) {
    put_u32(bytes, 12347 | (count - 1) << 16);
    bytes.insert(bytes.end(), (count + 7) / 8, 0xFF);
  } else {
    put_u32(bytes, 12346);
    put_u32(bytes, count);
  }
  for (const auto& [key, members] : chunks) {
    put_u16(bytes, key);
    put_u16(bytes, static_cast<uint32_t>(members.size()) - 1);
  }
  std::vector<uint8_t> bodies;
  const auto first = static_cast<uint32_t>(bytes.size() + 4 * count);
  for (const auto& [key, members] : chunks) {
    if (!runs || count >= 4) put_u32(bytes, first + static_cast<uint32_t>(bodies.size()));
    const std::vector<uint8_t> body = roaring_container(members, runs);
    bodies.insert(bodies.end(), body.begin(), body.end());
  }
  bytes.insert(bytes.end(), bodies.begin(), bodies.end());
  return bytes;
}

}  // namespace vamana::testing
