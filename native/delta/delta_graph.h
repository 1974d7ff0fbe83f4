// The adjacency of a delta: lists that one thread rewrites while others walk over them, without locks.
//
// A list is rewritten in place, word by word. A reader that meets a rewrite sees some words of the old list and some
// of the new: each of them is a neighbour that the list had or will have, and its slot is readable, since every word
// is stored with release and loaded with acquire. It may so miss a neighbour for that one look, never see a wrong one.
//
// Thread safety: set, push and replace from one thread, the linking one; all else from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "delta/delta_memory.h"

namespace vamana {

// Neighbours of one slot, as they are while one looks.
class LinkList {
 public:
  explicit LinkList(uint32_t* at)
      : begin_(at + 1), end_(at + 1 + std::atomic_ref<uint32_t>(*at).load(std::memory_order_acquire)) {}

  class Iterator {
   public:
    explicit Iterator(uint32_t* at) : at_(at) {}
    uint32_t operator*() const { return std::atomic_ref<uint32_t>(*at_).load(std::memory_order_acquire); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    uint32_t* at_;
  };

  Iterator begin() const { return Iterator(begin_); }
  Iterator end() const { return Iterator(end_); }
  uint32_t size() const { return static_cast<uint32_t>(end_ - begin_); }

 private:
  uint32_t* begin_;
  uint32_t* end_;
};

class DeltaGraph {
 public:
  // `memory` outlives this.
  explicit DeltaGraph(const DeltaMemory& memory) : memory_(memory) {}

  uint32_t places() const { return memory_.places(); }
  LinkList list(uint32_t slot) const { return LinkList(memory_.list(slot)); }
  void prefetch(uint32_t slot) const { memory_.prefetch_list(slot); }

  // REQUIRES list.size() <= places().
  void set(uint32_t slot, std::span<const uint32_t> list) const {
    uint32_t* const at = memory_.list(slot);
    for (size_t i = 0; i < list.size(); ++i) store(at[1 + i], list[i]);
    store(at[0], static_cast<uint32_t>(list.size()));
  }
  // REQUIRES a list shorter than places().
  void push(uint32_t slot, uint32_t neighbour) const {
    uint32_t* const at = memory_.list(slot);
    const uint32_t size = std::atomic_ref<uint32_t>(at[0]).load(std::memory_order_relaxed);
    store(at[1 + size], neighbour);
    store(at[0], size + 1);
  }
  // Puts `to` where `from` stands. REQUIRES that it does.
  void replace(uint32_t slot, uint32_t from, uint32_t to) const {
    uint32_t* at = memory_.list(slot) + 1;
    while (std::atomic_ref<uint32_t>(*at).load(std::memory_order_relaxed) != from) ++at;
    store(*at, to);
  }

 private:
  static void store(uint32_t& word, uint32_t value) {
    std::atomic_ref<uint32_t>(word).store(value, std::memory_order_release);
  }

  const DeltaMemory& memory_;
};

}  // namespace vamana
