#include "addon/completion_queue.h"

#include <utility>

namespace vamana::addon {

CompletionQueue::CompletionQueue(Napi::Env env, Handler handler) : handler_(std::move(handler)) {
  function_ = Function::New(env, "vamana completions", 0, 1, this);
  function_.Unref(env);
}

void CompletionQueue::push(const Completion& completion) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    pending_.push_back(completion);
    wake = !std::exchange(wake_sent_, true);
  }
  // Unbounded and non-blocking: it can only be refused while the environment goes down, and then nobody
  // waits for the answer.
  if (wake) function_.NonBlockingCall();
}

void CompletionQueue::keep_alive(Napi::Env env, bool on) {
  if (on) {
    function_.Ref(env);
  } else {
    function_.Unref(env);
  }
}

void CompletionQueue::close() { function_.Abort(); }

void CompletionQueue::on_wake(Napi::Env env, Napi::Function, CompletionQueue* queue, Wake*) {
  // After close() the queue may be gone: the call then comes without an environment.
  if (static_cast<napi_env>(env) != nullptr) queue->drain(env);
}

void CompletionQueue::drain(Napi::Env env) {
  std::vector<Completion> taken;
  {
    std::lock_guard lock(mutex_);
    taken.swap(pending_);
    wake_sent_ = false;
  }
  for (const Completion& completion : taken) {
    Napi::HandleScope scope(env);
    handler_(env, completion);
  }
}

}  // namespace vamana::addon
