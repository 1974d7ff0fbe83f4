// One thread of low priority that links the tails of any number of deltas, in turn.
//
// Owned by whoever owns the deltas; it keeps none of them alive: a delta that its owner let go of is forgotten.
// Thread safety: all methods from any thread, close() from one.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "delta/delta.h"

namespace vamana {

class DeltaLinker {
 public:
  DeltaLinker();
  ~DeltaLinker() { close(); }
  DeltaLinker(const DeltaLinker&) = delete;
  DeltaLinker& operator=(const DeltaLinker&) = delete;

  // Links what `delta` has and, after each wake(), what it got.
  void add(const std::shared_ptr<Delta>& delta);
  // To be called after an append. Cheap.
  void wake();
  // Ends the thread, within some milliseconds, wherever linking stands. Idempotent.
  void close();

 private:
  void main();
  bool link_round();

  std::mutex mutex_;
  std::condition_variable work_;
  bool pending_ = false;
  std::vector<std::weak_ptr<Delta>> added_;  // not yet taken over by the thread
  std::atomic<bool> stopping_{false};

  std::vector<std::weak_ptr<Delta>> deltas_;  // the thread's own
  std::thread thread_;                        // last: it uses all of the above
};

}  // namespace vamana
