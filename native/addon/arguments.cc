#include "addon/arguments.h"

#include <cmath>

#include "addon/errors.h"

namespace vamana::addon {
namespace {

constexpr size_t kShownCharacters = 60;

std::string number_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  if (number == std::floor(number) && std::fabs(number) < 1e21) return format("%.0f", number);
  return format("%.17g", number);
}

const char* array_name(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
      return "Int8Array";
    case napi_uint8_array:
      return "Uint8Array";
    case napi_uint8_clamped_array:
      return "Uint8ClampedArray";
    case napi_int16_array:
      return "Int16Array";
    case napi_uint16_array:
      return "Uint16Array";
    case napi_int32_array:
      return "Int32Array";
    case napi_uint32_array:
      return "Uint32Array";
    case napi_float32_array:
      return "Float32Array";
    case napi_float64_array:
      return "Float64Array";
    case napi_bigint64_array:
      return "BigInt64Array";
    case napi_biguint64_array:
      return "BigUint64Array";
    default:
      return "typed array";
  }
}

std::string describe_string(const Napi::Value& value) {
  const std::string text = value.As<Napi::String>().Utf8Value();
  if (text.size() <= kShownCharacters) return "the string \"" + text + "\"";
  size_t end = kShownCharacters;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;  // whole UTF-8 characters only
  return format("a string of %zu bytes that begins \"", text.size()) + text.substr(0, end) + "\"";
}

std::string describe_object(const Napi::Value& value) {
  if (value.IsTypedArray()) {
    const auto array = value.As<Napi::TypedArray>();
    return format("a %s of length %zu", array_name(array.TypedArrayType()), array.ElementLength());
  }
  if (value.IsArray()) return format("an array of length %u", value.As<Napi::Array>().Length());
  if (value.IsArrayBuffer()) return "an ArrayBuffer";
  if (value.IsDataView()) return "a DataView";
  if (value.IsPromise()) return "a promise (is an await missing?)";
  return "an object";
}

Status unexpected(const std::string& name, const Napi::Value& found, const std::string& expected) {
  return Status(Code::kInvalidArgument, name + ": found " + describe(found) + ", expected " + expected);
}

// The typed array's memory; empty for one whose buffer was taken away.
Result<Napi::TypedArray> read_array(const Napi::Value& value, const std::string& name, napi_typedarray_type type) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    return unexpected(name, value, std::string("a ") + array_name(type));
  }
  return value.As<Napi::TypedArray>();
}

}  // namespace

std::string describe(const Napi::Value& value) {
  switch (value.Type()) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_boolean:
      return value.As<Napi::Boolean>().Value() ? "true" : "false";
    case napi_number:
      return number_text(value.As<Napi::Number>().DoubleValue());
    case napi_string:
      return describe_string(value);
    case napi_symbol:
      return "a symbol";
    case napi_function:
      return "a function";
    case napi_bigint:
      return "a bigint";
    case napi_external:
      return "an external value";
    case napi_object:
      return describe_object(value);
  }
  return "a value";
}

Result<uint64_t> read_integer(const Napi::Value& value, const std::string& name, uint64_t min, uint64_t max) {
  const double found = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  const bool whole = std::isfinite(found) && found == std::floor(found);
  if (!whole || found < static_cast<double>(min) || found > static_cast<double>(std::min(max, kMaxSafeInteger))) {
    return unexpected(name, value,
                      format("a whole number from %llu to %llu", static_cast<unsigned long long>(min),
                             static_cast<unsigned long long>(std::min(max, kMaxSafeInteger))));
  }
  return static_cast<uint64_t>(found);
}

Result<double> read_number(const Napi::Value& value, const std::string& name, double min, double max) {
  const double found = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (!(found >= min && found <= max)) return unexpected(name, value, format("a number from %g to %g", min, max));
  return found;
}

Result<bool> read_boolean(const Napi::Value& value, const std::string& name) {
  if (!value.IsBoolean()) return unexpected(name, value, "true or false");
  return value.As<Napi::Boolean>().Value();
}

Result<std::string> read_path(const Napi::Value& value, const std::string& name) {
  if (!value.IsString()) return unexpected(name, value, "a path as a string");
  std::string path = value.As<Napi::String>().Utf8Value();
  if (path.empty()) return unexpected(name, value, "a path that is not empty");
  if (path.find('\0') != std::string::npos) {
    return Status(Code::kInvalidArgument, name + ": found a zero character in the path, which no file name can hold");
  }
  return path;
}

Result<size_t> read_choice(const Napi::Value& value, const std::string& name,
                           std::span<const std::string_view> choices) {
  if (value.IsString()) {
    const std::string found = value.As<Napi::String>().Utf8Value();
    for (size_t i = 0; i < choices.size(); ++i) {
      if (choices[i] == found) return i;
    }
  }
  std::string expected = "one of";
  for (size_t i = 0; i < choices.size(); ++i) {
    expected.append(i == 0 ? " \"" : ", \"").append(choices[i]).append("\"");
  }
  return unexpected(name, value, expected);
}

Result<std::span<const uint8_t>> read_bytes(const Napi::Value& value, const std::string& name) {
  VAMANA_ASSIGN(const auto array, read_array(value, name, napi_uint8_array));
  return std::span<const uint8_t>(array.As<Napi::Uint8Array>().Data(), array.ElementLength());
}

Result<std::span<const uint32_t>> read_u32_array(const Napi::Value& value, const std::string& name) {
  VAMANA_ASSIGN(const auto array, read_array(value, name, napi_uint32_array));
  return std::span<const uint32_t>(array.As<Napi::Uint32Array>().Data(), array.ElementLength());
}

Result<Napi::Object> read_object(const Napi::Value& value, const std::string& name) {
  if (!value.IsObject() || value.IsFunction() || value.IsArray()) return unexpected(name, value, "an object");
  return value.As<Napi::Object>();
}

Result<Napi::Value> read_element(const Napi::Array& array, uint32_t index, const std::string& name) {
  const Napi::Value found = array.Get(index);
  const Napi::Env env = array.Env();
  if (!env.IsExceptionPending()) return found;
  return Status(Code::kInvalidArgument, "reading " + name + " threw: " + take_exception_message(env));
}

Result<Napi::Function> read_callback(const Napi::Value& value, const std::string& name) {
  if (value.IsNull() || value.IsUndefined()) return Napi::Function();
  if (!value.IsFunction()) return unexpected(name, value, "a function or null");
  return value.As<Napi::Function>();
}

Fields::Fields(const Napi::Value& value, std::string name) : env_(value.Env()), name_(std::move(name)) {
  object_ = take(read_object(value, name_));
}

void Fields::fail(Status status) {
  if (status_.ok()) status_ = std::move(status);
}

Napi::Value Fields::value(const char* key) {
  if (!status_.ok()) return env_.Undefined();
  const Napi::Value found = object_.Get(key);
  if (!env_.IsExceptionPending()) return found;
  fail(Status(Code::kInvalidArgument, "reading " + full_name(key) + " threw: " + take_exception_message(env_)));
  return env_.Undefined();
}

uint64_t Fields::integer(const char* key, uint64_t min, uint64_t max) {
  const Napi::Value found = value(key);
  return status_.ok() ? take(read_integer(found, full_name(key), min, max)) : 0;
}

uint32_t Fields::integer32(const char* key, uint32_t min, uint32_t max) {
  return static_cast<uint32_t>(integer(key, min, max));
}

double Fields::number(const char* key, double min, double max) {
  const Napi::Value found = value(key);
  return status_.ok() ? take(read_number(found, full_name(key), min, max)) : 0;
}

bool Fields::boolean(const char* key) {
  const Napi::Value found = value(key);
  return status_.ok() && take(read_boolean(found, full_name(key)));
}

std::string Fields::path(const char* key) {
  const Napi::Value found = value(key);
  return status_.ok() ? take(read_path(found, full_name(key))) : std::string();
}

size_t Fields::choice(const char* key, std::span<const std::string_view> choices) {
  const Napi::Value found = value(key);
  return status_.ok() ? take(read_choice(found, full_name(key), choices)) : 0;
}

Napi::Value Fields::object(const char* key) { return value(key); }

}  // namespace vamana::addon
