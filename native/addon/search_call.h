// A batch of queries on its way through a SearchEngine and back as typed arrays. Like every AsyncCall, but
// the engine's workers do the work.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/async_call.h"
#include "search/search_engine.h"

namespace vamana::addon {

class SearchCall final : public AsyncCall {
 public:
  SearchCall(Napi::Env env, std::shared_ptr<SearchRequest> request, bool costs)
      : AsyncCall(env, request->cancel), request_(std::move(request)), costs_(costs) {}

  const std::shared_ptr<SearchRequest>& request() const { return request_; }

 protected:
  Napi::Value result(Napi::Env env) override;

 private:
  const std::shared_ptr<SearchRequest> request_;
  const bool costs_;
};

// What search(queries, count, options, cancel) was called with.
struct SearchArguments {
  std::shared_ptr<SearchRequest> request;  // without `done`
  bool costs = false;
};

Result<SearchArguments> read_search_arguments(const Napi::CallbackInfo& info, const VectorSpace& space);

}  // namespace vamana::addon
