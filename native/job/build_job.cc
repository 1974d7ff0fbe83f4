#include "job/build_job.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "base/aligned_buffer.h"
#include "base/check.h"
#include "base/process_memory.h"
#include "base/thread_pool.h"
#include "codec/pq.h"
#include "graph/build_space.h"
#include "graph/locality_order.h"
#include "graph/reachability.h"
#include "graph/reorder.h"
#include "graph/vamana_builder.h"
#include "job/calibrate.h"

namespace vamana {

namespace {

constexpr uint64_t kReadWindowBytes = 4 << 20;
constexpr size_t kWriteRows = 4096;

// The build in stages, each a function of what the ones before left here.
class Build {
 public:
  Build(const BuildOptions& options, const CancelFlag& cancel, const BuildProgress& progress)
      : options_(options), cancel_(cancel), progress_(progress), pool_(options.threads) {}

  Result<BuildReport> run() {
    const auto started = Clock::now();
    const SegmentShape shape{options_.source.rows, options_.source.dim, options_.source.element, options_.metric};
    // First, so that a target that stands already is refused before an hour of work.
    VAMANA_ASSIGN(writer_, SegmentWriter::create(options_.dir, shape));
    VAMANA_TRY(timed(BuildStage::kRead, [this] { return read(); }));
    VAMANA_TRY(timed(BuildStage::kTrain, [this] { return train(); }));
    VAMANA_TRY(timed(BuildStage::kGraph, [this] { return link(); }));
    VAMANA_TRY(timed(BuildStage::kReorder, [this] { return reorder(); }));
    VAMANA_TRY(timed(BuildStage::kWrite, [this] { return write(); }));
    report_.rows = options_.source.rows;
    report_.dim = options_.source.dim;
    report_.seconds.total = seconds_since(started);
    report_.rss_peak = process_memory().resident_peak;
    return report_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  static double seconds_since(Clock::time_point started) {
    return std::chrono::duration<double>(Clock::now() - started).count();
  }

  template <typename Work>
  Status timed(BuildStage stage, Work work) {
    stage_ = stage;
    const auto started = Clock::now();
    VAMANA_TRY(work());
    double* const places[] = {&report_.seconds.read, &report_.seconds.train, &report_.seconds.graph,
                              &report_.seconds.reorder, &report_.seconds.write};
    *places[static_cast<size_t>(stage)] = seconds_since(started);
    return Status();
  }

  Status proceed(uint64_t done, uint64_t total) {
    if (cancel_.cancelled()) return aborted_status("the build");
    progress_(stage_, done, total);
    return Status();
  }

  uint64_t rows() const { return options_.source.rows; }

  // All vectors into RAM, then into the locality order: the build's nodes are numbered by it.
  Status read() {
    VAMANA_ASSIGN(const VectorFile file, VectorFile::open(options_.source));
    const uint64_t row_bytes = file.row_bytes();
    VAMANA_ASSIGN(vectors_, AlignedBuffer::create(rows() * row_bytes));
    const uint64_t window = std::max<uint64_t>(1, kReadWindowBytes / row_bytes);
    for (uint64_t first = 0; first < rows(); first += window) {
      VAMANA_TRY(file.read_rows(first, std::min(window, rows() - first), vectors_.data() + first * row_bytes));
      VAMANA_TRY(proceed(first, rows()));
    }
    VAMANA_ASSIGN(row_of_, locality_order(vectors_.data(), rows(), options_.source.dim, options_.source.element,
                                          options_.seed, pool_, cancel_));
    permute_records(vectors_.data(), row_bytes, row_of_);
    space_.emplace(vectors_.data(), rows(), options_.source.dim, options_.source.element, options_.metric, pool_);
    return proceed(rows(), rows());
  }

  // A node's vector as codecs want it.
  void widen(uint32_t node, float* out) const {
    widen_kernel(options_.source.element)(space_->vector(node), options_.source.dim, out);
    if (options_.metric == Metric::kCosine) normalise(out, options_.source.dim);
  }

  Status train() {
    const uint32_t dim = options_.source.dim;
    const uint64_t count = std::min<uint64_t>(rows(), kTrainingRows);
    std::vector<float> sample(count * dim);
    pool_.parallel_for(count, 1024, [&](size_t begin, size_t end, size_t) {
      for (size_t i = begin; i < end; ++i) widen(static_cast<uint32_t>(i * rows() / count), sample.data() + i * dim);
    });
    VAMANA_ASSIGN(codec_, PqCodec::train(sample.data(), count, dim, options_.metric, std::min(options_.code_bytes, dim),
                                         options_.seed, pool_, cancel_));
    std::vector<double> errors(div_up(count, 1024), 0.0);
    pool_.parallel_for(count, 1024, [&](size_t begin, size_t end, size_t) {
      std::vector<uint8_t> code(codec_->code_bytes());
      std::vector<float> decoded(dim);
      for (size_t i = begin; i < end; ++i) {
        codec_->encode(sample.data() + i * dim, code.data());
        codec_->decode(code.data(), decoded.data());
        for (uint32_t d = 0; d < dim; ++d) {
          const double difference = static_cast<double>(sample[i * dim + d]) - static_cast<double>(decoded[d]);
          errors[begin / 1024] += difference * difference;
        }
      }
    });
    error_.training = std::accumulate(errors.begin(), errors.end(), 0.0) / static_cast<double>(count);
    return proceed(1, 1);
  }

  Status link() {
    VamanaParams params;
    params.prune = {options_.degree, options_.alpha};
    params.build_list = options_.build_list;
    params.seed = options_.seed;
    auto last = Clock::now();
    VAMANA_ASSIGN(VamanaResult built, build_vamana(*space_, params, pool_, cancel_, [&](uint64_t done, uint64_t total) {
                    if (seconds_since(last) < 0.1 && done != total) return;
                    last = Clock::now();
                    progress_(stage_, done, total);
                  }));
    graph_ = std::move(built.graph);
    entries_ = {built.medoid};
    report_.repaired = built.repaired;
    std::vector<bool> reached(rows(), false);
    report_.unreachable = rows() - mark_reachable(
                                       built.medoid, [this](uint32_t node) { return graph_.list(node); }, reached);
    VAMANA_CHECK(report_.unreachable == 0);
    return Status();
  }

  // The final numbering. place_of_[build node] = final node; node_at_ is its inverse.
  Status reorder() {
    const uint32_t page_nodes = vectors_layout(options_.source.dim, options_.source.element).records_per_slot;
    VAMANA_ASSIGN(node_at_, bisection_order(graph_, page_nodes, pool_, cancel_));
    place_of_.resize(rows());
    for (uint64_t place = 0; place < rows(); ++place) place_of_[node_at_[place]] = static_cast<uint32_t>(place);
    return proceed(1, 1);
  }

  Status write() {
    renumber();
    VAMANA_TRY(write_codes());
    VAMANA_TRY(write_graph());
    VAMANA_TRY(write_vectors());
    if (cancel_.cancelled()) return aborted_status("the build");
    // Once it is published the segment stands: from here on a cancel comes too late.
    VAMANA_ASSIGN(report_.files, writer_->publish());
    progress_(stage_, rows(), rows());
    return Status();
  }

  // In place: packing and calibration then read final numbers, whatever order they ask in.
  void renumber() {
    pool_.parallel_for(rows(), 4096, [this](size_t begin, size_t end, size_t) {
      std::vector<uint32_t> list;
      for (size_t node = begin; node < end; ++node) {
        const auto old = graph_.list(static_cast<uint32_t>(node));
        list.clear();
        for (const uint32_t neighbour : old) list.push_back(place_of_[neighbour]);
        graph_.set(static_cast<uint32_t>(node), list);
      }
    });
  }

  Status write_graph() {
    VAMANA_ASSIGN(const PackedGraph packed,
                  PackedGraph::pack(
                      rows(), options_.degree, [this](uint32_t place) { return graph_.list(node_at_[place]); }, pool_));
    report_.bits_per_edge = packed.bits_per_edge();
    report_.degree_mean = static_cast<double>(packed.packing().edges) / static_cast<double>(rows());
    SegmentWriter::GraphFacts facts{options_.build_list, options_.alpha, options_.seed, {}};
    for (const uint32_t entry : entries_) facts.entries.push_back(place_of_[entry]);
    graph_ = BuildGraph();
    return writer_->write_graph(packed, facts);
  }

  Status write_codes() {
    const CodeLayout layout = code_layout(codec_->code_bytes());
    VAMANA_ASSIGN(AlignedBuffer codes, AlignedBuffer::create(code_area_bytes(layout, rows())));
    CodeLayout placed = layout;
    placed.codes = codes.data();
    pool_.parallel_for(rows(), 1024, [&](size_t begin, size_t end, size_t) {
      std::vector<float> wide(options_.source.dim);
      for (size_t place = begin; place < end; ++place) {
        widen(node_at_[place], wide.data());
        codec_->encode(wide.data(), codes.data() + (placed.code(static_cast<uint32_t>(place)) - codes.data()));
      }
    });
    calibrate_codes(placed);
    return writer_->write_codes(*codec_, codes, error_);
  }

  // REQUIRES lists that name final places: renumber().
  void calibrate_codes(const CodeLayout& codes) {
    CalibrationInput input;
    input.nodes = rows();
    input.dim = options_.source.dim;
    input.element = options_.source.element;
    input.metric = options_.metric;
    input.codec = codec_.get();
    input.codes = codes;
    input.vector = [this](uint32_t place) { return space_->vector(node_at_[place]); };
    input.neighbours = [this](uint32_t place) { return graph_.list(node_at_[place]); };
    const CodeError measured = calibrate(input, pool_);
    error_.bias = measured.bias;
    error_.spread = measured.spread;
  }

  Status write_vectors() {
    std::vector<const uint8_t*> vectors;
    std::vector<uint32_t> ids;
    for (uint64_t first = 0; first < rows(); first += kWriteRows) {
      vectors.clear();
      ids.clear();
      for (uint64_t place = first; place < std::min<uint64_t>(rows(), first + kWriteRows); ++place) {
        vectors.push_back(space_->vector(node_at_[place]));
        ids.push_back(row_of_[node_at_[place]]);
      }
      VAMANA_TRY(writer_->append_vectors(vectors.data(), ids.data(), ids.size()));
      VAMANA_TRY(proceed(first, rows()));
    }
    return Status();
  }

  const BuildOptions& options_;
  const CancelFlag& cancel_;
  const BuildProgress& progress_;
  ThreadPool pool_;
  BuildStage stage_ = BuildStage::kRead;
  BuildReport report_;

  std::unique_ptr<SegmentWriter> writer_;
  AlignedBuffer vectors_;         // by build node
  std::vector<uint32_t> row_of_;  // by build node
  std::optional<BuildSpace> space_;
  std::unique_ptr<Codec> codec_;
  CodeError error_;
  BuildGraph graph_;
  std::vector<uint32_t> entries_;  // build nodes
  std::vector<uint32_t> place_of_, node_at_;
};

}  // namespace

const char* build_stage_name(BuildStage stage) {
  switch (stage) {
    case BuildStage::kRead:
      return "read";
    case BuildStage::kTrain:
      return "train";
    case BuildStage::kGraph:
      return "graph";
    case BuildStage::kReorder:
      return "reorder";
    case BuildStage::kWrite:
      return "write";
  }
  return "";
}

Result<BuildReport> run_build(const BuildOptions& options, const CancelFlag& cancel, const BuildProgress& progress) {
  VAMANA_TRY(plan_build(options).status());
  return Build(options, cancel, progress).run();
}

}  // namespace vamana
