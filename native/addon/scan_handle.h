// The JavaScript object around an ExactScan: NativeExactScan of src/binding.ts. JS thread only.
//
// States: open; busy (an add() is in flight: add() and result() answer BUSY); closed. close() during an
// add() cuts it short, and its promise rejects with CLOSED. The object is held while busy.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/instance.h"
#include "base/thread_pool.h"
#include "search/exact_scan.h"

namespace vamana::addon {

// What an add() in flight shares with the handle: used by one of the two at a time.
struct ScanState {
  ScanState(ExactScan exact, uint32_t dimension, uint32_t bytes_a_vector, uint32_t threads)
      : scan(std::move(exact)), dim(dimension), vector_bytes(bytes_a_vector), pool(threads) {}

  ExactScan scan;
  const uint32_t dim;
  const uint32_t vector_bytes;
  ThreadPool pool;
};

class ScanHandle : public Napi::ObjectWrap<ScanHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  // createExactScan(metric, element, dim, queries, count, k, threads)
  static Napi::Value create(const Napi::CallbackInfo& info);

  // A handle without a state is closed: that is all a caller's own `new` gets.
  explicit ScanHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value add(const Napi::CallbackInfo& info);
  Napi::Value result(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  // CLOSED or BUSY, or that nothing hinders.
  Status ready() const;

  std::shared_ptr<ScanState> state_;
  std::shared_ptr<CancelFlag> adding_;  // the flag of the add() in flight
};

}  // namespace vamana::addon
