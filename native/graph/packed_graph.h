// The graph in RAM while searching: every neighbour list sorted, coded as gaps and bit-packed; any list
// found in O(1) and decoded with SIMD. Lossless.
//
// A list of node v with n neighbours: put v itself among its sorted neighbours, which gives n + 1
// ascending numbers and n gaps, all >= 1. Coding relative to v costs nothing extra for the first number,
// and in a locality order the gaps around v are small.
//
//   list      := header selectors values
//   header    := u8: position p of v among the n + 1 numbers (7 bits); bit 7 set when n differs from the
//                degree limit, and then a second u8 holds n
//   selectors := n width-class numbers of `selector bits` each, little-endian bit order, to a whole byte
//   values    := n values (gap - 1), each in as many bits as its class says, little-endian bit order
//
// The selector bits are 0 when there is 1 width class, else ceil(log2(classes)); the widths of the classes
// are chosen for the whole graph by dynamic programming over the histogram of gap widths, and stand in
// the header (format/segment_format.h). No width exceeds 25 bits unless rows do, and then 32.
//
// The directory has a group for every 64 nodes: u64 offset of the group's first list, then 64 u16 offsets
// from there. Absent nodes of the last group repeat the end.
//
// Thread safety: immutable after creation; any number of readers.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>

#include "base/aligned_buffer.h"
#include "base/coding.h"
#include "base/prefetch.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "kernels/unpack_list.h"

namespace vamana {

constexpr uint32_t kMaxDegree = 126;
// Room that decode() may overwrite, whatever the list's length.
constexpr uint32_t kNeighbourRoom = 160;

constexpr uint32_t kWidthClassesMax = 16;

// What the packing chose and came to; stands in the header of graph.seg.
struct Packing {
  uint32_t degree = 0;  // the limit: no list is longer
  uint32_t width_classes = 0;
  std::array<uint8_t, kWidthClassesMax> class_bits{};
  uint64_t edges = 0;
  uint64_t directory_bytes = 0;
  uint64_t list_bytes = 0;
};

class PackedGraph {
 public:
  // neighbours(v) yields v's list in any order: distinct, below `rows`, without v, at most `degree` long.
  using Lists = std::function<std::span<const uint32_t>(uint32_t node)>;
  static Result<PackedGraph> pack(uint64_t rows, uint32_t degree, const Lists& neighbours, ThreadPool& pool);

  // Takes over a payload as pack() made it (directory, padding, lists, 64 zero bytes). CORRUPT when the
  // sizes do not agree with `packing`; the lists themselves are checked by check_lists().
  static Result<PackedGraph> adopt(uint64_t rows, const Packing& packing, AlignedBuffer payload);

  // Decodes every list with bounds checks: what `verify` and opening use before anything trusts decode().
  Status check_lists(ThreadPool& pool) const;

  // Writes v's neighbours, ascending, and returns how many. REQUIRES node < rows, kNeighbourRoom places.
  uint32_t decode(uint32_t node, uint32_t* out) const;
  // Asks for the cache lines of the first 192 bytes of v's list, which hold 48 neighbours of any width.
  void prefetch(uint32_t node) const {
    prefetch_bytes(list_of(node), 3 * kCacheLine);
  }
  void prefetch_directory(uint32_t node) const { prefetch_line(directory_ + uint64_t{node} / 64 * 136); }

  uint64_t rows() const { return rows_; }
  const Packing& packing() const { return packing_; }
  const AlignedBuffer& payload() const { return payload_; }
  // Tries to lock the payload in memory.
  bool lock() { return payload_.lock(); }
  // 8 x bytes of packed lists, headers and selectors included, directory apart, over edges.
  double bits_per_edge() const;

 private:
  void attach();
  Status check_list(uint64_t node, uint32_t* count) const;
  const uint8_t* list_of(uint32_t node) const {
    const uint8_t* const group = directory_ + uint64_t{node} / 64 * 136;
    return lists_ + load_le<uint64_t>(group) + load_le<uint16_t>(group + 8 + 2 * (node % 64));
  }

  uint64_t rows_ = 0;
  Packing packing_;
  AlignedBuffer payload_;
  const uint8_t* directory_ = nullptr;
  const uint8_t* lists_ = nullptr;
  ListLayout layout_;
  UnpackFn unpack_ = nullptr;
};

// The bytes a payload needs: directory, padding, lists, and 64 zero bytes.
uint64_t graph_payload_bytes(const Packing& packing);

}  // namespace vamana
