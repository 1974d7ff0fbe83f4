// What tests leave out under sanitizers. For tests only.
#pragma once

#include <cstdint>

namespace vamana::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// Fewer under a sanitizer, where linking a row takes twenty times as long.
constexpr uint32_t fewer_when_sanitized(uint32_t count) { return kSanitized ? count / 4 : count; }

}  // namespace vamana::testing
