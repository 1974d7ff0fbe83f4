// Typed readers of JavaScript values: the only place that turns what a caller passed into C++ values.
// Every failure is INVALID_ARGUMENT and says which argument, what was found and what was expected;
// nothing is rounded, wrapped or cut to fit. JS thread only. No exception is left pending, not even by a
// getter or a proxy of the caller's.
#pragma once

#include <napi.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/cancel.h"
#include "base/status.h"

namespace vamana::addon {

// The greatest integer that a JavaScript number holds without doubt, 2^53 - 1.
constexpr uint64_t kMaxSafeInteger = (uint64_t{1} << 53) - 1;
// Most threads that one pool may be asked for.
constexpr uint32_t kMaxThreads = 1024;
constexpr uint64_t kMaxU32 = std::numeric_limits<uint32_t>::max();

// A value in few words for a message: `the string "abc"`, `3.5`, `a Float32Array of length 4`.
std::string describe(const Napi::Value& value);

Result<uint64_t> read_integer(const Napi::Value& value, const std::string& name, uint64_t min, uint64_t max);
// A finite number in [min, max].
Result<double> read_number(const Napi::Value& value, const std::string& name, double min, double max);
Result<bool> read_boolean(const Napi::Value& value, const std::string& name);
// A string that can name a file: not empty, without a zero character.
Result<std::string> read_path(const Napi::Value& value, const std::string& name);
// The index of the string in `choices`.
Result<size_t> read_choice(const Napi::Value& value, const std::string& name,
                           std::span<const std::string_view> choices);
// The memory of a Uint8Array (a Buffer is one). It belongs to JavaScript: copy it, or hold a reference.
Result<std::span<const uint8_t>> read_bytes(const Napi::Value& value, const std::string& name);
Result<std::span<const uint32_t>> read_u32_array(const Napi::Value& value, const std::string& name);
Result<Napi::Object> read_object(const Napi::Value& value, const std::string& name);
// Element `index` of an array that may be a proxy's.
Result<Napi::Value> read_element(const Napi::Array& array, uint32_t index, const std::string& name);
// A function, or an empty one for null and undefined.
Result<Napi::Function> read_callback(const Napi::Value& value, const std::string& name);

// The fields of an options object. The first failure is kept in status() and every later read answers a
// zero value at once, so that a row of reads is checked once, at its end.
class Fields {
 public:
  // `name` stands before the dot in messages: "options.k".
  Fields(const Napi::Value& value, std::string name);

  uint64_t integer(const char* key, uint64_t min, uint64_t max);
  uint32_t integer32(const char* key, uint32_t min, uint32_t max);
  double number(const char* key, double min, double max);
  bool boolean(const char* key);
  std::string path(const char* key);
  size_t choice(const char* key, std::span<const std::string_view> choices);
  // Nested object, for another Fields.
  Napi::Value object(const char* key);

  // Makes `status` the failure unless there is one already.
  void fail(Status status);
  const Status& status() const { return status_; }

 private:
  Napi::Value value(const char* key);
  std::string full_name(const char* key) const { return name_ + "." + key; }

  template <typename T>
  T take(Result<T> result) {
    if (result.ok()) return std::move(result).value();
    fail(result.status());
    return T{};
  }

  Napi::Env env_;
  std::string name_;
  Napi::Object object_;
  Status status_;
};

}  // namespace vamana::addon
