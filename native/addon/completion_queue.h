// The way back to the JS thread: a queue that workers append to and one thread-safe function that wakes
// the JS thread to empty it. Many completions that arrive together cost one wake-up.
//
// Thread safety: push() from any thread, until close(); everything else on the JS thread.
#pragma once

#include <napi.h>

#include <functional>
#include <mutex>
#include <vector>

namespace vamana::addon {

class AsyncCall;

struct Completion {
  AsyncCall* call;
  bool finished;  // false: the call has news to tell (progress) and goes on
};

class CompletionQueue {
 public:
  using Handler = std::function<void(Napi::Env env, const Completion& completion)>;

  // `handler` runs on the JS thread for each completion, in the order of push().
  CompletionQueue(Napi::Env env, Handler handler);

  void push(const Completion& completion);

  // Whether a pending wake-up keeps the process alive; off at first.
  void keep_alive(Napi::Env env, bool on);

  // Gives up the thread-safe function. REQUIRES that no thread calls push() any more.
  void close();

 private:
  struct Wake {};
  static void on_wake(Napi::Env env, Napi::Function callback, CompletionQueue* queue, Wake* data);
  using Function = Napi::TypedThreadSafeFunction<CompletionQueue, Wake, on_wake>;
  void drain(Napi::Env env);

  const Handler handler_;
  Function function_;

  std::mutex mutex_;  // guards all below
  std::vector<Completion> pending_;
  bool wake_sent_ = false;
};

}  // namespace vamana::addon
