// Cancellation: one atomic flag that the caller raises and long loops read.
#pragma once

#include <atomic>

#include "base/status.h"

namespace vamana {

class CancelFlag {
 public:
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> cancelled_{false};
};

inline Status aborted_status(const char* what) { return Status(Code::kAborted, std::string(what) + " was cancelled"); }

}  // namespace vamana
