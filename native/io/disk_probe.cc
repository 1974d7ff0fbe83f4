#include "io/disk_probe.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/prng.h"
#include "io/file.h"
#include "io/page_file.h"

namespace vamana {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kFileBytes = uint64_t{64} << 20;
constexpr uint64_t kChunkBytes = uint64_t{1} << 20;
constexpr std::chrono::milliseconds kWriteTime(400);
constexpr std::chrono::milliseconds kDepth1Time(250);
constexpr std::chrono::milliseconds kDepth32Time(350);
constexpr size_t kDepth = 32;
// The clock is read once for so many reads at depth 32.
constexpr size_t kReadsAClock = 16;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// A file of random bytes (a file system that compresses gains nothing) that is removed with its owner.
class ScratchFile {
 public:
  static Result<ScratchFile> create(const std::string& dir, uint64_t bytes) {
    static std::atomic<uint32_t> number{0};
    ScratchFile scratch(format("%s/.vamana-probe-%d-%u", dir.c_str(), static_cast<int>(::getpid()), ++number));
    VAMANA_ASSIGN(File file, File::create(scratch.path_));
    scratch.exists_ = true;
    VAMANA_TRY(scratch.fill(file, bytes));
    return scratch;
  }
  ScratchFile(ScratchFile&& other) noexcept
      : path_(std::move(other.path_)), bytes_(other.bytes_), exists_(std::exchange(other.exists_, false)) {}
  ScratchFile& operator=(ScratchFile&&) = delete;
  ~ScratchFile() {
    if (exists_) ::unlink(path_.c_str());
  }

  const std::string& path() const { return path_; }
  uint64_t bytes() const { return bytes_; }

 private:
  explicit ScratchFile(std::string path) : path_(std::move(path)) {}

  // Writes `bytes`, or fewer when the disk is slow, and makes them leave the page cache where it lets them.
  Status fill(File& file, uint64_t bytes) {
    Prng prng(static_cast<uint64_t>(Clock::now().time_since_epoch().count()));
    std::vector<uint64_t> chunk(std::min(bytes, kChunkBytes) / sizeof(uint64_t));
    const Clock::time_point start = Clock::now();
    while (bytes_ < bytes && (bytes_ == 0 || Clock::now() - start < kWriteTime)) {
      for (uint64_t& word : chunk) word = prng.next();
      VAMANA_TRY(file.append(chunk.data(), chunk.size() * sizeof(uint64_t)));
      bytes_ += chunk.size() * sizeof(uint64_t);
    }
    VAMANA_TRY(file.sync());
    file.drop_cache(0, bytes_);
    return Status();
  }

  std::string path_;
  uint64_t bytes_ = 0;
  bool exists_ = false;
};

// One reading session with kDepth single-page batches over one buffer.
class Prober {
 public:
  static Result<Prober> create(PageReader& reader, std::shared_ptr<const PageFile> file) {
    VAMANA_ASSIGN(AlignedBuffer buffer, AlignedBuffer::create(kDepth * kPageBytes));
    SessionOptions options;
    options.queue_depth = kDepth;
    VAMANA_ASSIGN(auto session, reader.open_session(options));
    return Prober(std::move(buffer), std::move(session), std::move(file));
  }

  // The median of single reads, in microseconds.
  Result<double> depth1_us() {
    std::vector<double> times;
    const Clock::time_point start = Clock::now();
    while (times.empty() || Clock::now() - start < kDepth1Time) {
      const Clock::time_point begun = Clock::now();
      submit(&batches_[0]);
      VAMANA_TRY(reap_one().status());
      times.push_back(seconds_since(begun) * 1e6);
    }
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
  }

  Result<double> depth32_reads_per_second() {
    const Clock::time_point start = Clock::now();
    for (PageBatch& batch : batches_) submit(&batch);
    size_t reads = 0;
    while (reads % kReadsAClock != 0 || Clock::now() - start < kDepth32Time) {
      VAMANA_ASSIGN(PageBatch * done, reap_one());
      ++reads;
      submit(done);
    }
    const double seconds = seconds_since(start);
    for (size_t i = 0; i < kDepth; ++i) VAMANA_TRY(reap_one().status());
    return static_cast<double>(reads) / seconds;
  }

 private:
  Prober(AlignedBuffer buffer, std::unique_ptr<ReadSession> session, std::shared_ptr<const PageFile> file)
      : buffer_(std::move(buffer)),
        batches_(kDepth),
        session_(std::move(session)),
        file_(std::move(file)),
        prng_(static_cast<uint64_t>(Clock::now().time_since_epoch().count())) {
    for (PageBatch& batch : batches_) batch.requests.resize(1);
  }

  void submit(PageBatch* batch) {
    PageRequest& request = batch->requests.front();
    request = PageRequest{};
    request.file = file_.get();
    request.page = prng_.below(file_->pages);
    request.buffer = buffer_.data() + static_cast<size_t>(batch - batches_.data()) * kPageBytes;
    batch->status = Status();
    session_->submit(batch);
  }

  Result<PageBatch*> reap_one() {
    PageBatch* batch = session_->reap(true);
    if (batch == nullptr) return Status(Code::kInternal, "the page reader lost a read of the probe");
    if (!batch->status.ok()) return batch->status;
    // Touches the bytes: a memory map has read nothing until then.
    static_cast<void>(*static_cast<const volatile uint8_t*>(batch->requests.front().data));
    return batch;
  }

  // The session goes first: it waits for reads into the buffer.
  AlignedBuffer buffer_;
  std::vector<PageBatch> batches_;
  std::unique_ptr<ReadSession> session_;
  std::shared_ptr<const PageFile> file_;
  Prng prng_;
};

Result<DiskProbe> probe_file(const std::string& path) {
  VAMANA_ASSIGN(const auto reader, open_page_reader(IoKind::kAuto));
  VAMANA_ASSIGN(const auto file, reader->open_file(path));
  DiskProbe probe;
  probe.path = path;
  probe.file_bytes = file->pages * kPageBytes;
  VAMANA_ASSIGN(Prober prober, Prober::create(*reader, file));
  VAMANA_ASSIGN(probe.depth1_us, prober.depth1_us());
  VAMANA_ASSIGN(probe.depth32_reads_per_second, prober.depth32_reads_per_second());
  probe.reader = facts_with(reader->facts(), *file);
  return probe;
}

bool large_enough(const std::string& path) {
  if (path.empty()) return false;
  const Result<File> file = File::open_read(path);
  if (!file.ok()) return false;
  const Result<uint64_t> size = file.value().size();
  return size.ok() && size.value() >= kFileBytes && size.value() % kPageBytes == 0;
}

}  // namespace

Result<DiskProbe> probe_disk(const std::string& dir, const std::string& existing) {
  if (large_enough(existing)) return probe_file(existing);
  VAMANA_ASSIGN(const ScratchFile scratch, ScratchFile::create(dir, kFileBytes));
  return probe_file(scratch.path());
}

Result<IoProbe> probe_io(const std::string& dir) {
  VAMANA_ASSIGN(const ScratchFile scratch, ScratchFile::create(dir, kPageBytes));
  IoProbe probe;
  VAMANA_ASSIGN(const auto chosen, open_page_reader(IoKind::kAuto));
  VAMANA_ASSIGN(const auto file, chosen->open_file(scratch.path()));
  VAMANA_TRY(chosen->open_session(SessionOptions{}).status());
  probe.chosen = facts_with(chosen->facts(), *file);
  const auto uring = open_page_reader(IoKind::kUring);
  if (!uring.ok()) {
    probe.uring = uring.status();
  } else {
    probe.uring = uring.value()->open_session(SessionOptions{}).status();
  }
  return probe;
}

}  // namespace vamana
