// The instruction sets of each level, as function attributes: the build itself is plain x86-64, and every
// function that uses more says so. A lambda does not inherit its function's attribute under g++ 12, so
// kernels pass small structs of static functions instead.
#pragma once

#if defined(__x86_64__)
// g++ 12's own header makes its "undefined" registers by `__Y = __Y` and is then warned of it wherever it is
// inlined (GCC bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

#define VAMANA_AVX2 __attribute__((target("avx2,fma,f16c")))
#define VAMANA_AVX512 \
  __attribute__((target("avx2,fma,f16c,bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")))
#endif
