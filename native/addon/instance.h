// What one environment (the main thread's, or a worker's) has of the addon: its lanes, its way back to
// the JS thread, the calls in flight, the open indexes and stores. Nothing is shared between environments.
//
// Thread safety: finished() and notify() from any thread; everything else on the JS thread of the
// environment. At the end of the environment a cleanup hook stops intake, raises every cancel flag, ends
// the lanes and the engines, and only then gives up the thread-safe function: no thread can call into an
// environment that is gone. (process.exit() of the main thread runs no hook: the process ends with the
// threads where they are, which touch nothing that is torn down.)
#pragma once

#include <napi.h>

#include <memory>
#include <unordered_map>
#include <vector>

#include "addon/async_call.h"
#include "addon/closable.h"
#include "addon/completion_queue.h"
#include "addon/open_index.h"
#include "addon/task_lane.h"

namespace vamana::addon {

class Instance {
 public:
  // Makes the environment's instance. JS thread, once an environment.
  static void install(Napi::Env env);
  static Instance& of(Napi::Env env);
  ~Instance();

  // For handles, whose finalisers may run after the instance is gone.
  std::weak_ptr<Instance> weak() const { return self_; }

  // Calls that take long and many processors (build, verify), and all others. Apart, so that an index can
  // be opened while builds run.
  TaskLane& jobs() { return jobs_; }
  TaskLane& tasks() { return tasks_; }

  // Runs the call on a lane; the promise of the call, or one rejected with BUSY.
  Napi::Value start(TaskLane& lane, std::unique_ptr<AsyncCall> call);
  // As start() on tasks(), never BUSY: for closing, which may not be refused.
  void start_always(std::unique_ptr<AsyncCall> call);
  // Takes over a call that others carry out; `submit` hands it to them, and a failure rejects at once.
  Napi::Value start(std::unique_ptr<AsyncCall> call, const std::function<Status(AsyncCall*)>& submit);

  // Its work is done: the call will be settled and deleted. The last touch of `call` by another thread.
  void finished(AsyncCall* call) { completions_.push({call, true}); }
  // AsyncCall::notify() will run.
  void notify(AsyncCall* call) { completions_.push({call, false}); }

  // Remembers it, to close it at the end of the environment.
  void track(const std::shared_ptr<Closable>& opened);
  // Closes the index on a lane, without anybody waiting: for finalisers.
  void close_in_background(std::shared_ptr<OpenIndex> index);

  Napi::FunctionReference index_class;
  Napi::FunctionReference scan_class;
  Napi::FunctionReference cancel_class;
  Napi::FunctionReference store_class;
  Napi::FunctionReference segment_class;
  Napi::FunctionReference delta_class;
  Napi::FunctionReference snapshot_class;
  Napi::FunctionReference filter_class;
  Napi::FunctionReference lock_class;
  Napi::FunctionReference throttle_class;

 private:
  explicit Instance(Napi::Env env);
  void complete(Napi::Env env, const Completion& completion);
  void remove(Napi::Env env, AsyncCall* call);
  void shut_down();

  std::weak_ptr<Instance> self_;
  TaskLane jobs_;
  TaskLane tasks_;
  std::unordered_map<AsyncCall*, std::unique_ptr<AsyncCall>> calls_;
  std::vector<std::weak_ptr<Closable>> opened_;
  bool shut_down_ = false;
  CompletionQueue completions_;
};

}  // namespace vamana::addon
