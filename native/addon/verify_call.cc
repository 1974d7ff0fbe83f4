#include "addon/verify_call.h"

#include "addon/arguments.h"
#include "addon/cancel_handle.h"
#include "addon/errors.h"
#include "addon/instance.h"
#include "addon/progress_call.h"
#include "addon/values.h"
#include "segment/verify.h"

namespace vamana::addon {
namespace {

Napi::Value report_to_js(Napi::Env env, const VerifyReport& report) {
  Napi::Array problems = Napi::Array::New(env);
  for (const Status& status : report.problems) {
    Napi::Object problem = Napi::Object::New(env);
    set(problem, "code", code_name(status.code()));
    set(problem, "message", status.message());
    problems.Set(problems.Length(), problem);
  }
  Napi::Object object = Napi::Object::New(env);
  set(object, "rows", report.rows);
  set(object, "blocksChecked", report.blocks_checked);
  set(object, "bytesChecked", report.bytes_checked);
  set(object, "unreachable", report.unreachable);
  object.Set("problems", problems);
  return object;
}

class VerifyCall final : public ProgressCall {
 public:
  VerifyCall(Napi::Env env, std::string dir, uint32_t threads, std::shared_ptr<CancelFlag> cancel,
             const Napi::Function& listener)
      : ProgressCall(env, std::move(cancel), listener), dir_(std::move(dir)), threads_(threads) {}

 protected:
  Status work() override {
    ThreadPool pool(threads_);
    const auto progress = [this](uint64_t done, uint64_t total) { report("verify", done, total); };
    VAMANA_ASSIGN(report_, verify_segment(dir_, pool, *cancel(), progress));
    return Status();
  }
  Napi::Value result(Napi::Env env) override { return report_to_js(env, report_); }

 private:
  const std::string dir_;
  const uint32_t threads_;
  VerifyReport report_;
};

}  // namespace

Napi::Value verify_call(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Result<std::string> dir = read_path(info[0], "dir");
  if (!dir.ok()) return rejected(env, dir.status());
  const Result<uint64_t> threads = read_integer(info[1], "threads", 1, kMaxThreads);
  if (!threads.ok()) return rejected(env, threads.status());
  const Result<std::shared_ptr<CancelFlag>> cancel = read_cancel(info[2], "cancel");
  if (!cancel.ok()) return rejected(env, cancel.status());
  const Result<Napi::Function> listener = read_callback(info[3], "onProgress");
  if (!listener.ok()) return rejected(env, listener.status());
  Instance& instance = Instance::of(env);
  return instance.start(instance.jobs(),
                        std::make_unique<VerifyCall>(env, dir.value(), static_cast<uint32_t>(threads.value()),
                                                     cancel.value(), listener.value()));
}

}  // namespace vamana::addon
