// C++ values to JavaScript values: what results are put together with. JS thread only. Integers above
// 2^53 do not occur (they are counts of bytes and rows), so every number becomes a plain one.
#pragma once

#include <napi.h>

#include <concepts>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace vamana::addon {

inline Napi::Value to_js(Napi::Env env, std::string_view text) {
  return Napi::String::New(env, text.data(), text.size());
}
// Without this one a literal would become a boolean.
inline Napi::Value to_js(Napi::Env env, const char* text) { return to_js(env, std::string_view(text)); }
inline Napi::Value to_js(Napi::Env env, bool value) { return Napi::Boolean::New(env, value); }
template <typename T>
requires(std::integral<T> || std::floating_point<T>) && (!std::same_as<T, bool>)Napi::Value
    to_js(Napi::Env env, T value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

// Defines a plain property on an object of ours.
template <typename T>
void set(Napi::Object& object, const char* key, const T& value) {
  object.Set(key, to_js(object.Env(), value));
}

// A typed array with a copy of `values`; Array is Napi::Uint32Array or Napi::Float32Array. An empty value
// when there is no memory for it, or the environment is going down.
template <typename Array, typename T>
Napi::Value copy_array(Napi::Env env, std::span<const T> values) {
  Array array = Array::New(env, values.size());
  if (array.IsEmpty()) return Napi::Value();
  if (!values.empty()) std::memcpy(array.Data(), values.data(), values.size_bytes());
  return array;
}

}  // namespace vamana::addon
