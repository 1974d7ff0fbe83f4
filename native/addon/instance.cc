#include "addon/instance.h"

#include "addon/errors.h"

namespace vamana::addon {
namespace {

// Builds and verifications use every processor they are allowed: more than two at once only compete.
constexpr size_t kJobThreads = 2;
constexpr size_t kJobsWaiting = 16;
// Merges take long, and may stand still for long: they must not keep builds waiting, for which writers wait.
constexpr size_t kMergeThreads = 2;
constexpr size_t kMergesWaiting = 16;
// Opening, inspecting, closing, scanning.
constexpr size_t kTaskThreads = 4;
constexpr size_t kTasksWaiting = 256;

// The environment owns this; handles keep weak pointers to what is inside.
struct Holder {
  std::shared_ptr<Instance> instance;
};

}  // namespace

void Instance::install(Napi::Env env) {
  std::shared_ptr<Instance> instance(new Instance(env));
  instance->self_ = instance;
  env.SetInstanceData(new Holder{instance});
  // Hooks run last in, first out: this one before that of the thread-safe function made above.
  env.AddCleanupHook([](Instance* going) { going->shut_down(); }, instance.get());
}

Instance& Instance::of(Napi::Env env) { return *env.GetInstanceData<Holder>()->instance; }

Instance::Instance(Napi::Env env)
    : jobs_("builds and verifications", kJobThreads, kJobsWaiting, true),
      merges_("merges", kMergeThreads, kMergesWaiting, true),
      tasks_("background tasks", kTaskThreads, kTasksWaiting, false),
      completions_(env, [this](Napi::Env at, const Completion& completion) { complete(at, completion); }) {}

Instance::~Instance() = default;

Napi::Value Instance::start(TaskLane& lane, std::unique_ptr<AsyncCall> call) {
  return start(std::move(call), [this, &lane](AsyncCall* started) {
    return lane.post({[started] { started->run(); }, [this, started] { finished(started); }});
  });
}

void Instance::start_always(std::unique_ptr<AsyncCall> call) {
  start(std::move(call), [this](AsyncCall* started) {
    return tasks_.post_always({[started] { started->run(); }, [this, started] { finished(started); }});
  });
}

Napi::Value Instance::start(std::unique_ptr<AsyncCall> call, const std::function<Status(AsyncCall*)>& submit) {
  AsyncCall* started = call.get();
  const Napi::Env env = started->deferred().env();
  const Napi::Value promise = started->deferred().promise();
  if (calls_.empty()) completions_.keep_alive(env, true);
  calls_.emplace(started, std::move(call));
  Status status = submit(started);
  if (!status.ok()) {
    started->set_status(std::move(status));
    started->settle(env);
    remove(env, started);
  }
  return promise;
}

void Instance::complete(Napi::Env env, const Completion& completion) {
  if (!completion.finished) return completion.call->notify(env);
  completion.call->settle(env);
  remove(env, completion.call);
}

void Instance::remove(Napi::Env env, AsyncCall* call) {
  calls_.erase(call);
  if (calls_.empty()) completions_.keep_alive(env, false);
}

void Instance::track(const std::shared_ptr<Closable>& opened) {
  std::erase_if(opened_, [](const std::weak_ptr<Closable>& known) { return known.expired(); });
  opened_.push_back(opened);
}

void Instance::close_in_background(std::shared_ptr<OpenIndex> index) {
  if (shut_down_) return;  // closed already
  const Status posted = tasks_.post_always({[index = std::move(index)] { index->engine->close(); }, nullptr});
  static_cast<void>(posted);  // refused only after shut_down()
}

void Instance::shut_down() {
  shut_down_ = true;
  for (auto& [call, owner] : calls_) call->cancel()->cancel();
  jobs_.stop();
  merges_.stop();
  tasks_.stop();
  for (const std::weak_ptr<Closable>& known : opened_) {
    if (const std::shared_ptr<Closable> opened = known.lock()) opened->close();
  }
  completions_.close();
  calls_.clear();
}

}  // namespace vamana::addon
