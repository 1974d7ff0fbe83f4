// The JavaScript object around a RowFilter: NativeRowFilter of src/binding.ts. JS thread only.
//
// States: open; closed. Searches in flight hold the filter itself.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/open_store.h"
#include "search/row_filter.h"

namespace vamana::addon {

class FilterHandle : public Napi::ObjectWrap<FilterHandle> {
 public:
  static constexpr napi_type_tag kTag = {0x7be0c1f23a9d4e55ull, 0x83f60d9ab1c2e714ull};
  static constexpr const char* kMaker = "createRowFilter()";

  static Napi::Function define(Napi::Env env);
  // createRowFilter(rows)
  static Napi::Value create(const Napi::CallbackInfo& info, const std::shared_ptr<OpenStore>& store);
  // A handle without a filter is closed: that is all a caller's own `new` gets.
  explicit FilterHandle(const Napi::CallbackInfo& info);

  const std::shared_ptr<const RowFilter>& filter() const { return filter_; }
  const void* store() const { return store_; }

 private:
  Napi::Value close(const Napi::CallbackInfo& info);

  const void* store_ = nullptr;  // whose it is; never followed
  std::shared_ptr<const RowFilter> filter_;
};

// The filter of an object made by that store's createRowFilter(); null for null and undefined.
Result<std::shared_ptr<const RowFilter>> read_filter(const Napi::Value& value, const std::string& name,
                                                     const void* store);

}  // namespace vamana::addon
