// The contract that every codec keeps, for every metric and many shapes. A new codec is one more trainer in
// the list at the end.
#include "codec/codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/prng.h"
#include "codec/codec_factory.h"
#include "codec/pq.h"
#include "codec/rabitq.h"
#include "testing/naive_search.h"
#include "testing/synthetic.h"

namespace vamana {
namespace {

struct Training {
  const float* sample;
  size_t count;
  uint32_t dim;
  Metric metric;
  uint32_t code_bytes;
  uint64_t seed;
  ThreadPool& pool;
  const CancelFlag& cancel;
};
using Trainer = Result<std::unique_ptr<Codec>> (*)(const Training& training);

Result<std::unique_ptr<Codec>> train_pq(const Training& t) {
  auto codec = PqCodec::train(t.sample, t.count, t.dim, t.metric, t.code_bytes, t.seed, t.pool, t.cancel);
  if (!codec.ok()) return codec.status();
  return std::unique_ptr<Codec>(std::move(codec).value());
}

Result<std::unique_ptr<Codec>> train_rabitq(const Training& t) {
  const uint32_t bits = rabitq_bits(t.dim, t.code_bytes);
  auto codec = RabitqCodec::train(t.sample, t.count, t.dim, t.metric, bits, t.seed, t.cancel);
  if (!codec.ok()) return codec.status();
  return std::unique_ptr<Codec>(std::move(codec).value());
}

// The table's entries have 8 bits (kernels/pq_table.h).
constexpr double kPqScoreError = 6e-2;

struct CodecShape {
  const char* name;
  CodecKind kind;
  Trainer train;
  Metric metric;
  uint32_t dim;
  uint32_t code_bytes;
  double error_max;            // mean squared error over the sample's own spread
  double score_error = 1e-5;   // of a score, from the distance to the decoded vector, in parts of the lengths
  bool corrects_rows = false;  // a score is that distance plus a number that belongs to the code
};

std::string shape_name(const ::testing::TestParamInfo<CodecShape>& info) {
  return format("%s_%s_%ux%u", info.param.name, std::string(metric_name(info.param.metric)).c_str(), info.param.dim,
                info.param.code_bytes);
}

double length_of(std::span<const float> v) {
  return std::sqrt(std::max(0.0, -testing::naive_distance(Metric::kDot, v, v)));
}

class CodecContract : public ::testing::TestWithParam<CodecShape> {
 protected:
  static constexpr size_t kSample = 700;

  CodecContract() : sample_(wide_sample(kSample)) {}

  // Trained on sample_, once for all tests of a shape.
  const Codec* trained() const {
    static std::map<std::string, std::unique_ptr<Codec>> codecs;
    auto& codec = codecs[shape_name({GetParam(), 0})];
    if (codec == nullptr) codec = train(sample_);
    return codec.get();
  }

  // Widened, and under cosine normalised, as codecs get them.
  std::vector<float> wide_sample(uint32_t rows, uint64_t seed = 9) const {
    const auto set = testing::make_vectors({.rows = rows, .dim = GetParam().dim, .seed = seed, .zeros = 0.01});
    std::vector<float> wide;
    for (uint32_t i = 0; i < rows; ++i) {
      auto row = set.widened(i);
      if (GetParam().metric == Metric::kCosine) normalise(row.data(), row.size());
      wide.insert(wide.end(), row.begin(), row.end());
    }
    return wide;
  }

  std::unique_ptr<Codec> train(const std::vector<float>& sample, uint32_t threads = 2) const {
    ThreadPool pool(threads);
    CancelFlag cancel;
    const CodecShape& shape = GetParam();
    auto codec = shape.train(
        {sample.data(), sample.size() / shape.dim, shape.dim, shape.metric, shape.code_bytes, 5, pool, cancel});
    EXPECT_TRUE(codec.ok()) << codec.status().message();
    return std::move(codec).value();
  }

  std::vector<float> decoded(const Codec& codec, const float* vector) const {
    std::vector<uint8_t> code(codec.code_bytes());
    codec.encode(vector, code.data());
    std::vector<float> out(GetParam().dim);
    codec.decode(code.data(), out.data());
    return out;
  }

  double mean_error(const Codec& codec, const std::vector<float>& sample) const {
    const uint32_t dim = GetParam().dim;
    double sum = 0;
    for (size_t at = 0; at < sample.size(); at += dim)
      sum += testing::naive_distance(Metric::kL2, {sample.data() + at, dim}, decoded(codec, sample.data() + at));
    return sum / static_cast<double>(sample.size() / dim);
  }

  const std::vector<float> sample_;
};

TEST_P(CodecContract, SaysWhatItIs) {
  const Codec* const codec = trained();
  EXPECT_EQ(codec->kind(), GetParam().kind);
  EXPECT_EQ(codec->code_bytes(), GetParam().code_bytes);
  EXPECT_FALSE(codec->name().empty());
  EXPECT_GT(codec->memory_bytes(), 0u);
  EXPECT_GT(codec->query_floats(), 0u);
}

TEST_P(CodecContract, DecodedVectorsAreNearTheirOriginals) {
  const uint32_t dim = GetParam().dim;
  std::vector<double> mean(dim, 0);
  for (size_t i = 0; i < sample_.size(); ++i) mean[i % dim] += static_cast<double>(sample_[i]) / kSample;
  double spread = 0;
  for (size_t i = 0; i < sample_.size(); ++i) {
    const double step = static_cast<double>(sample_[i]) - mean[i % dim];
    spread += step * step / kSample;
  }
  EXPECT_LT(mean_error(*trained(), sample_), GetParam().error_max * spread);
}

TEST_P(CodecContract, ScoresAreDistancesToTheDecodedVectors) {
  const CodecShape& shape = GetParam();
  const Codec* const codec = trained();
  CodeLayout layout = code_layout(codec->code_bytes());
  constexpr uint32_t kRows = 300;
  std::vector<uint8_t> codes(code_area_bytes(layout, kRows));
  layout.codes = codes.data();
  for (uint32_t i = 0; i < kRows; ++i)
    codec->encode(sample_.data() + size_t{i} * shape.dim, codes.data() + (layout.code(i) - codes.data()));
  const auto queries = wide_sample(5, 123);
  Prng prng(3);
  std::map<uint32_t, double> corrections;
  for (size_t q = 0; q < 5; ++q) {
    const std::span<const float> query(queries.data() + q * shape.dim, shape.dim);
    std::vector<float> table(codec->query_floats());
    codec->prepare(query.data(), table.data());
    for (const size_t count : {0u, 1u, 2u, 7u, 16u, 33u, 120u}) {
      std::vector<uint32_t> ids(count);
      for (uint32_t& id : ids) id = static_cast<uint32_t>(prng.below(kRows));
      std::vector<float> scores(count + 1, -77.0f);
      codec->scorer()(table.data(), layout, ids.data(), count, scores.data());
      EXPECT_EQ(scores[count], -77.0f) << "wrote past the end of " << count;
      for (size_t i = 0; i < count; ++i) {
        const auto vector = decoded(*codec, sample_.data() + size_t{ids[i]} * shape.dim);
        // Between unit vectors 1 - cosine is half the squared distance.
        const double expected = shape.metric == Metric::kCosine
                                    ? testing::naive_distance(Metric::kL2, query, vector) / 2
                                    : testing::naive_distance(shape.metric, query, vector);
        const double correction =
            shape.corrects_rows ? corrections.try_emplace(ids[i], scores[i] - expected).first->second : 0;
        const double size = std::abs(expected) + length_of(query) * length_of(vector);
        ASSERT_NEAR(scores[i], expected + correction, shape.score_error * (1 + size))
            << "query " << q << ", id " << ids[i];
      }
    }
  }
}

TEST_P(CodecContract, ParametersMakeTheSameCodecAgain) {
  const CodecShape& shape = GetParam();
  const Codec* const codec = trained();
  const auto parameters = codec->parameters();
  const auto again = make_codec(shape.kind, shape.dim, shape.metric, shape.code_bytes, parameters);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again.value()->parameters(), parameters);
  EXPECT_EQ(again.value()->name(), codec->name());
  EXPECT_EQ(again.value()->memory_bytes(), codec->memory_bytes());
  std::vector<uint8_t> code(shape.code_bytes), other(shape.code_bytes);
  std::vector<float> table(codec->query_floats()), other_table(codec->query_floats());
  for (size_t i = 0; i < 100; ++i) {
    const float* vector = sample_.data() + i * shape.dim;
    codec->encode(vector, code.data());
    again.value()->encode(vector, other.data());
    ASSERT_EQ(code, other);
    ASSERT_EQ(decoded(*codec, vector), decoded(*again.value(), vector));
    codec->prepare(vector, table.data());
    again.value()->prepare(vector, other_table.data());
    // As bytes: a table may hold integers, which as floats can be no numbers.
    ASSERT_EQ(std::memcmp(table.data(), other_table.data(), table.size() * sizeof(float)), 0);
  }
}

TEST_P(CodecContract, TrainingIsTheSameForAnyThreadCount) {
  EXPECT_EQ(train(sample_, 1)->parameters(), trained()->parameters());
  EXPECT_EQ(train(sample_, 3)->parameters(), trained()->parameters());
}

TEST_P(CodecContract, AFewVectorsSufficeToTrainOn) {
  for (const uint32_t rows : {1u, 2u, 30u}) {
    const auto few = wide_sample(rows);
    const auto codec = train(few);
    for (size_t at = 0; at < few.size(); at += GetParam().dim) {
      for (const float value : decoded(*codec, few.data() + at)) ASSERT_TRUE(std::isfinite(value));
    }
  }
}

TEST_P(CodecContract, EqualVectorsTrainToo) {
  const std::vector<float> same(300 * GetParam().dim, 0.25f);
  EXPECT_LT(mean_error(*train(same), same), 1e-6);
  const std::vector<float> zeros(300 * GetParam().dim, 0.0f);
  EXPECT_LT(mean_error(*train(zeros), zeros), 1e-6);
}

TEST_P(CodecContract, TrainingStopsWhenCancelled) {
  ThreadPool pool(2);
  CancelFlag cancel;
  cancel.cancel();
  const CodecShape& shape = GetParam();
  const auto codec = shape.train({sample_.data(), kSample, shape.dim, shape.metric, shape.code_bytes, 5, pool, cancel});
  EXPECT_EQ(codec.status().code(), Code::kAborted);
}

TEST_P(CodecContract, DamagedParametersAreRefused) {
  const CodecShape& shape = GetParam();
  const auto sound = trained()->parameters();
  const auto code_of = [&](std::span<const uint8_t> parameters, uint32_t dim, uint32_t code_bytes) {
    return make_codec(shape.kind, dim, shape.metric, code_bytes, parameters).status().code();
  };
  const std::span<const uint8_t> all(sound);
  ASSERT_EQ(code_of(all, shape.dim, shape.code_bytes), Code::kOk);
  for (size_t size = 0; size < sound.size(); ++size) {
    ASSERT_EQ(code_of(all.first(size), shape.dim, shape.code_bytes), Code::kCorrupt) << "cut to " << size;
  }
  std::vector<uint8_t> longer = sound;
  longer.push_back(0);
  EXPECT_EQ(code_of(longer, shape.dim, shape.code_bytes), Code::kCorrupt);
  for (const uint32_t dim : {0u, shape.dim - 1, shape.dim + 1, 0xFFFFFFFFu})
    EXPECT_EQ(code_of(all, dim, shape.code_bytes), Code::kCorrupt) << "dim " << dim;
  for (const uint32_t bytes : {0u, shape.code_bytes - 1, shape.code_bytes + 1, 0xFFFFFFFFu})
    EXPECT_EQ(code_of(all, shape.dim, bytes), Code::kCorrupt) << "code bytes " << bytes;
}

std::vector<CodecShape> pq_shapes() {
  std::vector<CodecShape> shapes;
  const auto add = [&](Metric metric, uint32_t dim, uint32_t code_bytes, double error_max) {
    shapes.push_back({"pq", CodecKind::kPq, train_pq, metric, dim, code_bytes, error_max, kPqScoreError});
  };
  for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kDot, Metric::kL1}) {
    // Sub-vectors of one element lose next to nothing, long ones most.
    add(metric, 8, 8, 0.001);
    add(metric, 16, 4, 0.15);
    add(metric, 17, 5, 0.15);
  }
  add(Metric::kL2, 13, 1, 0.3);
  add(Metric::kL2, 7, 6, 0.01);
  add(Metric::kL2, 1, 1, 0.001);
  add(Metric::kCosine, 100, 70, 0.02);  // more than a cache line
  return shapes;
}

std::vector<CodecShape> rabitq_shapes() {
  std::vector<CodecShape> shapes;
  const auto add = [&](Metric metric, uint32_t dim, uint32_t bits, double error_max) {
    // The query's elements are rounded to bytes; products with few of them do not average that out. Under l2 the
    // row's true length stands in for that of its code.
    shapes.push_back({"rabitq", CodecKind::kRabitq, train_rabitq, metric, dim, rabitq_code_bytes(dim, bits), error_max,
                      0.01, metric != Metric::kDot});
  };
  for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kDot}) {
    add(metric, 16, 2, 0.2);
    add(metric, 17, 4, 0.02);
    add(metric, 64, 3, 0.06);
  }
  add(Metric::kL2, 128, 1, 0.8);
  add(Metric::kL2, 1, 1, 0.001);  // one element is its sign and the row's scale
  add(Metric::kL2, 3, 5, 0.01);
  add(Metric::kL2, 100, 6, 0.001);
  add(Metric::kL2, 100, 7, 0.0003);
  add(Metric::kCosine, 100, 8, 0.0001);  // more than a cache line
  return shapes;
}

INSTANTIATE_TEST_SUITE_P(Rabitq, CodecContract, ::testing::ValuesIn(rabitq_shapes()), shape_name);
INSTANTIATE_TEST_SUITE_P(Pq, CodecContract, ::testing::ValuesIn(pq_shapes()), shape_name);

}  // namespace
}  // namespace vamana
