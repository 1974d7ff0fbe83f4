// VAMANA_CHECK: an invariant of the code itself, never of input. When it fails the process state can
// not be trusted, so it aborts with the place rather than go on and write something wrong to disk.
#pragma once

#include <cstdio>
#include <cstdlib>

#define VAMANA_CHECK(condition)                                                              \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      std::fprintf(stderr, "%s:%d: invariant broken: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (0)
