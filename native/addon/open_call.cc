#include "addon/open_call.h"

#include "addon/arguments.h"
#include "addon/errors.h"
#include "addon/index_handle.h"
#include "addon/instance.h"
#include "addon/names.h"
#include "addon/segment_values.h"
#include "segment/describe.h"

namespace vamana::addon {
namespace {

constexpr uint32_t kMaxInFlight = 256;
constexpr uint32_t kMaxQueueRequests = 1 << 20;

struct OpenArguments {
  std::string dir;
  IoKind io = IoKind::kAuto;
  EngineOptions engine;
};

Result<OpenArguments> read_open_arguments(const Napi::CallbackInfo& info) {
  OpenArguments arguments;
  VAMANA_ASSIGN(arguments.dir, read_path(info[0], "dir"));
  Fields fields(info[1], "options");
  arguments.io = static_cast<IoKind>(fields.choice("io", kIoNames));
  arguments.engine = read_engine_options(fields);
  VAMANA_TRY(fields.status());
  return arguments;
}

Result<std::shared_ptr<OpenIndex>> open(const OpenArguments& arguments) {
  ThreadPool pool(arguments.engine.threads);
  VAMANA_ASSIGN(auto segment, Segment::open(arguments.dir, arguments.io, pool));
  const SegmentMemory memory = segment->memory();
  VAMANA_ASSIGN(auto engine, SearchEngine::create(std::move(segment), arguments.engine));
  const uint64_t bytes = memory.graph + memory.codes + engine->cache_facts().capacity_bytes;
  return std::make_shared<OpenIndex>(std::move(engine), arguments.engine.threads, bytes);
}

}  // namespace

EngineOptions read_engine_options(Fields& fields) {
  EngineOptions options;
  options.threads = fields.integer32("threads", 1, kMaxThreads);
  options.in_flight = fields.integer32("inFlight", 0, kMaxInFlight);
  options.cache_bytes = fields.integer("cacheBytes", 0, kMaxSafeInteger);
  options.queue_requests = fields.integer32("queueRequests", 1, kMaxQueueRequests);
  return options;
}

Status check_space(const VectorSpace& found, const VectorSpace& expected, const std::string& dir) {
  if (found == expected) return Status();
  const auto text = [](const VectorSpace& space) {
    return format("dimension %u, %s, %s", space.dim, std::string(element_name(space.element)).c_str(),
                  std::string(metric_name(space.metric)).c_str());
  };
  return Status(Code::kInvalidArgument, format("%s: a segment of %s, expected %s as the store has", dir.c_str(),
                                               text(found).c_str(), text(expected).c_str()));
}

Napi::Value open_index(const Napi::CallbackInfo& info) {
  const Result<OpenArguments> arguments = read_open_arguments(info);
  if (!arguments.ok()) return rejected(info.Env(), arguments.status());
  using Opened = std::shared_ptr<OpenIndex>;
  auto call = std::make_unique<SimpleCall<Opened>>(
      info.Env(), nullptr, [arguments = arguments.value()](const CancelFlag&) { return open(arguments); },
      [](Napi::Env env, Opened& index) { return IndexHandle::make(env, std::move(index)); });
  Instance& instance = Instance::of(info.Env());
  return instance.start(instance.tasks(), std::move(call));
}

Napi::Value inspect(const Napi::CallbackInfo& info) {
  const Result<std::string> dir = read_path(info[0], "dir");
  if (!dir.ok()) return rejected(info.Env(), dir.status());
  auto call = std::make_unique<SimpleCall<SegmentDescription>>(
      info.Env(), nullptr, [dir = dir.value()](const CancelFlag&) { return describe_segment(dir); },
      [](Napi::Env env, SegmentDescription& description) { return segment_info(env, description); });
  Instance& instance = Instance::of(info.Env());
  return instance.start(instance.tasks(), std::move(call));
}

}  // namespace vamana::addon
