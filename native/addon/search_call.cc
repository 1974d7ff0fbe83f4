#include "addon/search_call.h"

#include <algorithm>
#include <utility>

#include "addon/arguments.h"
#include "addon/cancel_handle.h"
#include "addon/values.h"

namespace vamana::addon {
namespace {

// Results of one call at most: 2^28 rows and distances are 2 GiB.
constexpr uint64_t kMaxResults = uint64_t{1} << 28;

template <typename Array, typename T, typename Field>
void set_column(Napi::Object& object, const char* key, const std::vector<QueryCost>& costs, Field field) {
  Array column = Array::New(object.Env(), costs.size());
  if (column.IsEmpty()) return;
  T* to = column.Data();
  for (const QueryCost& cost : costs) *to++ = cost.*field;
  object.Set(key, column);
}

Napi::Object costs_to_js(Napi::Env env, const std::vector<QueryCost>& costs) {
  Napi::Object columns = Napi::Object::New(env);
  const auto counts = [&](const char* key, uint32_t QueryCost::*field) {
    set_column<Napi::Uint32Array, uint32_t>(columns, key, costs, field);
  };
  const auto times = [&](const char* key, float QueryCost::*field) {
    set_column<Napi::Float32Array, float>(columns, key, costs, field);
  };
  counts("hops", &QueryCost::hops);
  counts("codesScored", &QueryCost::codes_scored);
  counts("vectorsScored", &QueryCost::vectors_scored);
  counts("reads", &QueryCost::reads);
  counts("cacheHits", &QueryCost::cache_hits);
  counts("reranked", &QueryCost::reranked);
  counts("matches", &QueryCost::matches);
  counts("strategies", &QueryCost::strategies);
  times("expectedUs", &QueryCost::expected_us);
  times("walkUs", &QueryCost::walk_us);
  times("readUs", &QueryCost::read_us);
  times("rankUs", &QueryCost::rank_us);
  times("totalUs", &QueryCost::total_us);
  return columns;
}

}  // namespace

Napi::Value SearchCall::result(Napi::Env env) {
  Napi::Object results = Napi::Object::New(env);
  const Napi::Value rows = copy_array<Napi::Uint32Array>(env, std::span<const uint32_t>(request_->rows));
  if (rows.IsEmpty()) return rows;
  const Napi::Value distances = copy_array<Napi::Float32Array>(env, std::span<const float>(request_->distances));
  if (distances.IsEmpty()) return distances;
  results.Set("rows", rows);
  results.Set("distances", distances);
  if (costs_) results.Set("costs", costs_to_js(env, request_->costs));
  return results;
}

Result<SearchArguments> read_search_arguments(const Napi::CallbackInfo& info, const VectorSpace& space) {
  VAMANA_ASSIGN(const auto queries, read_bytes(info[0], "queries"));
  VAMANA_ASSIGN(const uint64_t count, read_integer(info[1], "count", 1, kMaxU32));
  const uint64_t bytes = count * space.vector_bytes();
  if (queries.size() != bytes) {
    return Status(
        Code::kInvalidArgument,
        format("queries: found %zu bytes, expected %llu x %u x %zu = %llu (count x dimension x bytes of %s)",
               queries.size(), static_cast<unsigned long long>(count), space.dim, element_bytes(space.element),
               static_cast<unsigned long long>(bytes), std::string(element_name(space.element)).c_str()));
  }
  Fields fields(info[2], "options");
  SearchParams params;
  params.k = fields.integer32("k", 1, kMaxK);
  params.list_size = fields.integer32("listSize", 1, kMaxListSize);
  params.rerank = fields.integer32("rerank", 0, kMaxListSize);
  params.exact = fields.boolean("exact");
  params.approximate = fields.boolean("approximate");
  SearchArguments arguments;
  arguments.costs = fields.boolean("costs");
  VAMANA_TRY(fields.status());
  if (count * params.k > kMaxResults) {
    return Status(
        Code::kInvalidArgument,
        format("count: found %llu queries of k %u, expected at most %llu results in one call; split the batch",
               static_cast<unsigned long long>(count), params.k, static_cast<unsigned long long>(kMaxResults)));
  }
  VAMANA_ASSIGN(auto cancel, read_cancel(info[3], "cancel"));
  arguments.request = std::make_shared<SearchRequest>();
  arguments.request->queries.assign(queries.begin(), queries.end());
  arguments.request->count = static_cast<uint32_t>(count);
  arguments.request->params = params;
  arguments.request->cancel = cancel ? std::move(cancel) : std::make_shared<CancelFlag>();
  return arguments;
}

}  // namespace vamana::addon
