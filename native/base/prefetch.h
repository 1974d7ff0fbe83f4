// Asking for memory before it is used. All prefetching goes through here: GCC (12.2 at least) takes a function that does
// nothing else for one without an effect, and where it has not inlined it by then it drops the call; no code of a walk
// was asked for in advance. The empty statement below is an effect that it must keep, and costs no instruction.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vamana {

constexpr uintptr_t kCacheLine = 64;

// The cache line of `at`, which may be any address.
inline void prefetch_line(const void* at) {
  __builtin_prefetch(at);
  asm volatile("");
}

// The cache lines of [at, at + bytes), each once.
inline void prefetch_bytes(const void* at, size_t bytes) {
  const auto first = reinterpret_cast<uintptr_t>(at);
  for (uintptr_t line = first & ~(kCacheLine - 1); line < first + bytes; line += kCacheLine) {
    prefetch_line(reinterpret_cast<const void*>(line));
  }
}

}  // namespace vamana
