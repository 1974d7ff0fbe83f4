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

// Columns of four-byte numbers, as typed arrays in one buffer: to allocate one for each took longer than all the rest.
class Columns {
 public:
  Columns(Napi::Env env, uint64_t columns, size_t rows)
      : buffer_(Napi::ArrayBuffer::New(env, columns * rows * kNumberBytes)), rows_(rows) {}

  // The next column; nothing where there is no memory for it, or the environment is going down.
  template <typename Array, typename T, typename Field>
  void add(Napi::Object& object, const char* key, const std::vector<T>& rows, Field field) {
    if (buffer_.IsEmpty()) return;
    Array column = Array::New(object.Env(), rows_, buffer_, used_);
    if (column.IsEmpty()) return;
    static_assert(sizeof(*column.Data()) == kNumberBytes);
    std::transform(rows.begin(), rows.end(), column.Data(), [&](const T& row) { return row.*field; });
    object.Set(key, column);
    used_ += rows_ * kNumberBytes;
  }

 private:
  static constexpr size_t kNumberBytes = 4;
  Napi::ArrayBuffer buffer_;
  const size_t rows_;
  size_t used_ = 0;  // bytes
};

Napi::Object costs_to_js(Napi::Env env, const std::vector<QueryCost>& costs) {
  Napi::Object object = Napi::Object::New(env);
  Columns columns(env, 13, costs.size());
  const auto counts = [&](const char* key, uint32_t QueryCost::*field) {
    columns.add<Napi::Uint32Array>(object, key, costs, field);
  };
  const auto times = [&](const char* key, float QueryCost::*field) {
    columns.add<Napi::Float32Array>(object, key, costs, field);
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
  return object;
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
