#include "addon/doctor_call.h"

#include <sys/resource.h>

#include <filesystem>
#include <limits>
#include <optional>

#include "addon/arguments.h"
#include "addon/errors.h"
#include "addon/instance.h"
#include "addon/values.h"
#include "base/aligned_buffer.h"
#include "format/segment_format.h"
#include "io/disk_probe.h"
#include "kernels/cpu.h"
#include "kernels/kernels.h"

namespace vamana::addon {
namespace {

struct Findings {
  IoProbe io;
  std::optional<DiskProbe> disk;
  uint64_t lock_limit = 0;
  bool can_lock = false;
};

Result<Findings> examine(const std::optional<std::string>& dir) {
  Findings findings;
  std::error_code no_folder;
  const std::string folder = dir ? *dir : std::filesystem::temp_directory_path(no_folder).string();
  VAMANA_ASSIGN(findings.io, probe_io(folder));
  if (dir) {
    VAMANA_ASSIGN(findings.disk, probe_disk(*dir, *dir + "/" + segment_file_name(FileKind::kVectors)));
  }
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  findings.lock_limit = limit.rlim_cur;
  VAMANA_ASSIGN(AlignedBuffer page, AlignedBuffer::create(kPageBytes));
  findings.can_lock = page.lock();
  return findings;
}

Napi::Object cpu_to_js(Napi::Env env) {
  Napi::Object cpu = Napi::Object::New(env);
  set(cpu, "level", kernels().name);
  set(cpu, "best", cpu_level_name(best_cpu_level()));
  Napi::Array features = Napi::Array::New(env);
  for (const std::string_view feature : cpu_features()) features.Set(features.Length(), to_js(env, feature));
  cpu.Set("features", features);
  return cpu;
}

Napi::Value findings_to_js(Napi::Env env, const Findings& findings) {
  Napi::Object io = Napi::Object::New(env);
  set(io, "auto", io_kind_name(findings.io.chosen.kind));
  set(io, "direct", findings.io.chosen.direct);
  set(io, "uring", findings.io.uring.ok() ? std::string("available") : findings.io.uring.message());
  set(io, "note", findings.io.chosen.note);

  Napi::Object locked = Napi::Object::New(env);
  if (findings.lock_limit == RLIM_INFINITY) {
    set(locked, "limitBytes", std::numeric_limits<double>::infinity());
  } else {
    set(locked, "limitBytes", findings.lock_limit);
  }
  set(locked, "canLock", findings.can_lock);

  Napi::Object report = Napi::Object::New(env);
  report.Set("cpu", cpu_to_js(env));
  report.Set("io", io);
  report.Set("lockedMemory", locked);
  if (!findings.disk) {
    report.Set("disk", env.Null());
    return report;
  }
  Napi::Object disk = Napi::Object::New(env);
  set(disk, "path", findings.disk->path);
  set(disk, "direct", findings.disk->reader.direct);
  set(disk, "depth1Us", findings.disk->depth1_us);
  set(disk, "depth32ReadsPerSecond", findings.disk->depth32_reads_per_second);
  set(disk, "fileBytes", findings.disk->file_bytes);
  report.Set("disk", disk);
  return report;
}

}  // namespace

Napi::Value doctor_call(const Napi::CallbackInfo& info) {
  std::optional<std::string> dir;
  if (!info[0].IsNull() && !info[0].IsUndefined()) {
    Result<std::string> path = read_path(info[0], "probeDir");
    if (!path.ok()) return rejected(info.Env(), path.status());
    dir = std::move(path).value();
  }
  auto call = std::make_unique<SimpleCall<Findings>>(
      info.Env(), nullptr, [dir](const CancelFlag&) { return examine(dir); }, findings_to_js);
  Instance& instance = Instance::of(info.Env());
  return instance.start(instance.tasks(), std::move(call));
}

}  // namespace vamana::addon
