// The addon's export table: the shapes of src/binding.ts, one native function each. Nothing else is here;
// the work is done in the layers below, and what comes from JavaScript is judged in arguments.h.
#include <napi.h>

#include "addon/build_call.h"
#include "addon/cancel_handle.h"
#include "addon/constants.h"
#include "addon/delta_handle.h"
#include "addon/doctor_call.h"
#include "addon/filter_handle.h"
#include "addon/index_handle.h"
#include "addon/instance.h"
#include "addon/lock_handle.h"
#include "addon/open_call.h"
#include "addon/scan_handle.h"
#include "addon/segment_handle.h"
#include "addon/snapshot_handle.h"
#include "addon/store_handle.h"
#include "addon/throttle_handle.h"
#include "addon/verify_call.h"

namespace vamana::addon {
namespace {

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
void add_function(Napi::Object& exports, const char* name) {
  exports.Set(name, Napi::Function::New<function>(exports.Env(), name));
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  Instance::install(env);
  Instance& instance = Instance::of(env);
  instance.index_class = Napi::Persistent(IndexHandle::define(env));
  instance.scan_class = Napi::Persistent(ScanHandle::define(env));
  instance.cancel_class = Napi::Persistent(CancelHandle::define(env));
  instance.store_class = Napi::Persistent(StoreHandle::define(env));
  instance.segment_class = Napi::Persistent(SegmentHandle::define(env));
  instance.delta_class = Napi::Persistent(DeltaHandle::define(env));
  instance.snapshot_class = Napi::Persistent(SnapshotHandle::define(env));
  instance.filter_class = Napi::Persistent(FilterHandle::define(env));
  instance.lock_class = Napi::Persistent(LockHandle::define(env));
  instance.throttle_class = Napi::Persistent(ThrottleHandle::define(env));

  exports.Set("constants", make_constants(env));
  add_function<create_cancel>(exports, "createCancel");
  add_function<create_throttle>(exports, "createThrottle");
  add_function<plan_build_call>(exports, "planBuild");
  add_function<build_call>(exports, "build");
  add_function<open_index>(exports, "openIndex");
  add_function<inspect>(exports, "inspect");
  add_function<verify_call>(exports, "verify");
  add_function<ScanHandle::create>(exports, "createExactScan");
  add_function<doctor_call>(exports, "doctor");
  add_function<StoreHandle::create>(exports, "createStore");
  add_function<LockHandle::create>(exports, "lockFile");
  return exports;
}

}  // namespace
}  // namespace vamana::addon

static Napi::Object initialise_addon(Napi::Env env, Napi::Object exports) {
  return vamana::addon::initialise(env, exports);
}

NODE_API_MODULE(vamana, initialise_addon)
