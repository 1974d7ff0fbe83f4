#include "job/train_codec.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/coding.h"
#include "codec/pq.h"
#include "codec/rabitq.h"

namespace vamana {

namespace {

constexpr uint64_t kAutoQueries = 200;
constexpr uint64_t kAutoRows = 20000;
constexpr uint64_t kAutoNearest = 10;

bool rabitq_possible(const BuildOptions& options) {
  return options.metric != Metric::kL1 && rabitq_bits(options.source.dim, options.code_bytes) > 0;
}

uint32_t pq_bytes(const BuildOptions& options) { return std::min(options.code_bytes, options.source.dim); }

Result<std::unique_ptr<Codec>> train_pq(BuildRun& run, const float* sample, uint64_t count) {
  const BuildOptions& options = run.options;
  VAMANA_ASSIGN(std::unique_ptr<Codec> codec, PqCodec::train(sample, count, options.source.dim, options.metric,
                                                             pq_bytes(options), options.seed, run.pool, run.cancel));
  return codec;
}

Result<std::unique_ptr<Codec>> train_rabitq(BuildRun& run, const float* sample, uint64_t count) {
  const BuildOptions& options = run.options;
  VAMANA_ASSIGN(std::unique_ptr<Codec> codec,
                RabitqCodec::train(sample, count, options.source.dim, options.metric,
                                   rabitq_bits(options.source.dim, options.code_bytes), options.seed, run.cancel));
  return codec;
}

double mean_training_error(BuildRun& run, const Codec& codec, const float* sample, uint64_t count) {
  const uint32_t dim = run.options.source.dim;
  std::vector<double> errors(div_up(count, 1024), 0.0);
  run.pool.parallel_for(count, 1024, [&](size_t begin, size_t end, size_t) {
    std::vector<uint8_t> code(codec.code_bytes());
    std::vector<float> decoded(dim);
    for (size_t i = begin; i < end; ++i) {
      codec.encode(sample + i * dim, code.data());
      codec.decode(code.data(), decoded.data());
      for (uint32_t d = 0; d < dim; ++d) {
        const double difference = static_cast<double>(sample[i * dim + d]) - static_cast<double>(decoded[d]);
        errors[begin / 1024] += difference * difference;
      }
    }
  });
  return std::accumulate(errors.begin(), errors.end(), 0.0) / static_cast<double>(count);
}

// Which of the rows a distance puts first, nearest first.
std::vector<uint32_t> first_by(const std::vector<float>& distances, uint64_t count) {
  std::vector<uint32_t> order(distances.size());
  std::iota(order.begin(), order.end(), 0u);
  count = std::min<uint64_t>(count, order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<ptrdiff_t>(count), order.end(),
      [&](uint32_t a, uint32_t b) { return distances[a] < distances[b] || (distances[a] == distances[b] && a < b); });
  order.resize(count);
  return order;
}

// Rows of the sample by which codecs are compared: both from all over it, for a source whose neighbours stand together
// would else be asked about one end of it among the rows of the other.
struct AutoRows {
  std::vector<const float*> queries, candidates;

  AutoRows(const float* sample, uint64_t count, uint32_t dim) {
    const uint64_t wanted = std::min(kAutoQueries, count / 2);
    const uint64_t all = std::min(count, kAutoRows + wanted);
    const uint64_t step = wanted == 0 ? all + 1 : all / wanted;
    for (uint64_t i = 0; i < all; ++i) {
      const float* const row = sample + i * count / all * dim;
      (i % step == 0 && queries.size() < wanted ? queries : candidates).push_back(row);
    }
  }
};

// Share of the true nearest among as many by code: deeper, both codecs find nearly all in so small a sample and
// cannot be told apart.
double recall_of(BuildRun& run, const Codec& codec, const AutoRows& asked) {
  const uint32_t dim = run.options.source.dim;
  const uint64_t queries = asked.queries.size(), rows = asked.candidates.size();
  CodeLayout layout = code_layout(codec.code_bytes());
  std::vector<uint8_t> codes(code_area_bytes(layout, rows));
  layout.codes = codes.data();
  run.pool.parallel_for(rows, 256, [&](size_t begin, size_t end, size_t) {
    for (size_t i = begin; i < end; ++i) {
      codec.encode(asked.candidates[i], codes.data() + (layout.code(static_cast<uint32_t>(i)) - codes.data()));
    }
  });
  std::vector<uint32_t> all(rows);
  std::iota(all.begin(), all.end(), 0u);
  const DistanceFn exact = distance_kernel(run.options.metric, Element::kF32);
  std::vector<uint64_t> found(queries, 0);
  run.pool.parallel_for(queries, 4, [&](size_t begin, size_t end, size_t) {
    std::vector<float> table(codec.query_floats()), distances(rows), estimates(rows);
    for (size_t q = begin; q < end; ++q) {
      const float* const query = asked.queries[q];
      for (uint64_t i = 0; i < rows; ++i) distances[i] = exact(query, asked.candidates[i], dim);
      codec.prepare(query, table.data());
      codec.scorer()(table.data(), layout, all.data(), rows, estimates.data());
      const auto nearest = first_by(distances, kAutoNearest), chosen = first_by(estimates, kAutoNearest);
      for (const uint32_t row : nearest) found[q] += std::find(chosen.begin(), chosen.end(), row) != chosen.end();
    }
  });
  const auto total = static_cast<double>(queries * std::min<uint64_t>(kAutoNearest, rows));
  return total == 0 ? 0 : static_cast<double>(std::accumulate(found.begin(), found.end(), uint64_t{0})) / total;
}

}  // namespace

Result<uint32_t> planned_code_bytes(const BuildOptions& options) {
  const uint32_t bits = rabitq_bits(options.source.dim, options.code_bytes);
  switch (options.code) {
    case CodecChoice::kPq:
      return pq_bytes(options);
    case CodecChoice::kRabitq:
      if (options.metric == Metric::kL1) {
        return Status(Code::kUnsupported, "the codec \"rabitq\" has no form for the metric l1; use \"pq\"");
      }
      if (bits == 0) {
        return Status(Code::kInvalidArgument,
                      format("a rabitq code of %u dimensions has at least %u bytes; found %u", options.source.dim,
                             rabitq_code_bytes(options.source.dim, 1), options.code_bytes));
      }
      return rabitq_code_bytes(options.source.dim, bits);
    case CodecChoice::kAuto:
      break;
  }
  return std::max(pq_bytes(options), rabitq_possible(options) ? rabitq_code_bytes(options.source.dim, bits) : 0);
}

Status train_codec(BuildRun& run, const float* sample, uint64_t count) {
  const CodecChoice choice = run.options.code;
  if (choice == CodecChoice::kRabitq) {
    VAMANA_ASSIGN(run.codec, train_rabitq(run, sample, count));
  } else {
    VAMANA_ASSIGN(run.codec, train_pq(run, sample, count));
  }
  if (choice == CodecChoice::kAuto && rabitq_possible(run.options)) {
    VAMANA_ASSIGN(std::unique_ptr<Codec> rabitq, train_rabitq(run, sample, count));
    const AutoRows asked(sample, count, run.options.source.dim);
    const double pq_recall = recall_of(run, *run.codec, asked);
    const double rabitq_recall = recall_of(run, *rabitq, asked);
    run.code_error.pq_recall = static_cast<float>(pq_recall);
    run.code_error.rabitq_recall = static_cast<float>(rabitq_recall);
    // Equal is enough: a scalar code is scored several times faster. But its grid is wider than the vectors, and
    // near the limit of a float it overflows first.
    if (rabitq_recall >= pq_recall && std::isfinite(mean_training_error(run, *rabitq, sample, count))) {
      run.codec = std::move(rabitq);
    }
  }
  run.code_error.training = mean_training_error(run, *run.codec, sample, count);
  if (!std::isfinite(run.code_error.training)) {
    return Status(Code::kNotFinite, format("the codec %s cannot hold numbers as large as these in 32-bit floats; "
                                           "scale the vectors down, or use the codec \"pq\"",
                                           run.codec->name().c_str()));
  }
  return Status();
}

}  // namespace vamana
