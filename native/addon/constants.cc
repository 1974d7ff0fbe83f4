#include "addon/constants.h"

#include "addon/values.h"
#include "base/status.h"
#include "format/segment_format.h"
#include "graph/packed_graph.h"
#include "io/page_reader.h"
#include "job/build_job.h"
#include "search/search_engine.h"

namespace vamana::addon {
namespace {

Napi::Array error_codes(Napi::Env env) {
  Napi::Array names = Napi::Array::New(env);
  for (uint32_t code = static_cast<uint32_t>(Code::kOk) + 1; code <= static_cast<uint32_t>(Code::kInternal); ++code) {
    names.Set(names.Length(), to_js(env, code_name(static_cast<Code>(code))));
  }
  names.Freeze();
  return names;
}

Napi::Object defaults(Napi::Env env) {
  const BuildOptions build;
  const SearchParams search;
  const EngineOptions engine;
  Napi::Object values = Napi::Object::New(env);
  set(values, "degree", build.degree);
  set(values, "buildList", build.build_list);
  // Through its shortest text: 1.2f as a double would be 1.2000000476837158.
  set(values, "alpha", std::stod(format("%g", build.alpha)));
  set(values, "codeBytes", build.code_bytes);
  set(values, "listSize", search.list_size);
  set(values, "k", search.k);
  set(values, "queueRequests", engine.queue_requests);
  values.Freeze();
  return values;
}

}  // namespace

Napi::Object make_constants(Napi::Env env) {
  Napi::Object values = Napi::Object::New(env);
  set(values, "pageBytes", kPageBytes);
  set(values, "segmentFormatVersion", kSegmentFormatVersion);
  set(values, "maxDimension", kMaxDimension);
  set(values, "maxDegree", kMaxDegree);
  set(values, "maxRows", kMaxRows);
  set(values, "maxK", kMaxK);
  set(values, "maxListSize", kMaxListSize);
  set(values, "noRow", kNoRow);
  values.Set("errorCodes", error_codes(env));
  values.Set("defaults", defaults(env));
  values.Freeze();
  return values;
}

}  // namespace vamana::addon
