// Finds the first value that is not finite (NaN or infinity): the check every vector passes on its way in.
// A value is not finite iff all its exponent bits are set, so whole blocks are tested on integers, which the
// compiler turns into vector code; only a block that fails is searched value by value.
//
// The values need no alignment. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vamana {

// The index of the first value that is not finite, or `count`.
size_t first_not_finite_f32(const uint8_t* values, size_t count);
size_t first_not_finite_f16(const uint8_t* values, size_t count);

}  // namespace vamana
