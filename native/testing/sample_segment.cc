#include "testing/sample_segment.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/coding.h"
#include "base/prng.h"
#include "codec/codec_factory.h"

namespace vamana::testing {

namespace {

// Finite in every element type: f32 gets small whole numbers, f16 bit patterns of an exponent below the top.
void fill_vectors(SampleSegment* sample, Prng* prng) {
  const SegmentShape& shape = sample->shape;
  const uint64_t elements = shape.rows * shape.dim;
  sample->vectors.resize(elements * element_bytes(shape.element));
  for (uint64_t i = 0; i < elements; ++i) {
    uint8_t* const at = sample->vectors.data() + i * element_bytes(shape.element);
    const uint64_t value = prng->below(256);
    if (shape.element == Element::kF32) {
      store_le(at, static_cast<float>(value) - 100.0f);
    } else if (shape.element == Element::kF16) {
      store_le(at, static_cast<uint16_t>(0x3000 + 4 * value));
    } else {
      *at = static_cast<uint8_t>(value);
    }
  }
}

void fill_lists(SampleSegment* sample, uint32_t degree, Prng* prng) {
  const uint64_t rows = sample->shape.rows;
  for (uint64_t node = 0; node < rows; ++node) {
    std::vector<uint32_t> list;
    const uint64_t wanted = std::min<uint64_t>(degree, rows - 1);
    if (wanted > 0) list.push_back(static_cast<uint32_t>((node + 1) % rows));
    while (list.size() < wanted) {
      const auto other = static_cast<uint32_t>(prng->below(rows));
      if (other != node && std::find(list.begin(), list.end(), other) == list.end()) list.push_back(other);
    }
    std::sort(list.begin(), list.end());
    sample->lists.push_back(std::move(list));
  }
}

// A product quantiser whose codebooks hold small whole numbers.
std::unique_ptr<Codec> make_sample_codec(const SegmentShape& shape, uint32_t code_bytes, Prng* prng) {
  constexpr uint32_t kCentroids = 256;
  std::vector<uint8_t> parameters(8 + size_t{shape.dim} * kCentroids * sizeof(float));
  store_le<uint32_t>(parameters.data(), code_bytes);
  store_le<uint32_t>(parameters.data() + 4, shape.dim);
  for (size_t at = 8; at < parameters.size(); at += sizeof(float)) {
    store_le(parameters.data() + at, static_cast<float>(prng->below(256)));
  }
  auto codec = make_codec(CodecKind::kPq, shape.dim, shape.metric, code_bytes, parameters);
  VAMANA_CHECK(codec.ok());
  return std::move(codec).value();
}

void fill_codes(SampleSegment* sample, uint32_t code_bytes, Prng* prng) {
  CodeLayout layout = code_layout(code_bytes);
  auto codes = AlignedBuffer::create(code_area_bytes(layout, sample->shape.rows));
  VAMANA_CHECK(codes.ok());
  sample->codes = std::move(codes).value();
  layout.codes = sample->codes.data();
  for (uint64_t node = 0; node < sample->shape.rows; ++node) {
    uint8_t* const code = sample->codes.data() + (layout.code(static_cast<uint32_t>(node)) - layout.codes);
    for (uint32_t i = 0; i < code_bytes; ++i) code[i] = static_cast<uint8_t>(prng->next());
  }
}

}  // namespace

SampleSegment make_sample(const SegmentShape& shape, uint32_t degree, uint32_t code_bytes, uint64_t seed) {
  Prng prng(seed);
  SampleSegment sample;
  sample.shape = shape;
  fill_vectors(&sample, &prng);
  sample.rows.resize(shape.rows);
  std::iota(sample.rows.begin(), sample.rows.end(), 0u);
  for (uint64_t i = shape.rows - 1; i > 0; --i) std::swap(sample.rows[i], sample.rows[prng.below(i + 1)]);
  fill_lists(&sample, degree, &prng);
  sample.codec = make_sample_codec(shape, code_bytes, &prng);
  fill_codes(&sample, code_bytes, &prng);
  sample.facts.build_list = 2 * degree;
  sample.facts.alpha = 1.25f;
  sample.facts.seed = seed;
  sample.facts.entries = {static_cast<uint32_t>(shape.rows / 2), static_cast<uint32_t>(shape.rows - 1)};
  sample.error = {0.5, 0.25f, 0.125f, 0.75f, 0.5f};
  return sample;
}

PackedGraph pack_sample(const SampleSegment& sample, ThreadPool& pool) {
  size_t degree = 1;
  for (const auto& list : sample.lists) degree = std::max(degree, list.size());
  auto graph = PackedGraph::pack(
      sample.shape.rows, static_cast<uint32_t>(degree),
      [&](uint32_t node) { return std::span<const uint32_t>(sample.lists[node]); }, pool);
  VAMANA_CHECK(graph.ok());
  return std::move(graph).value();
}

Result<SegmentSizes> write_sample(const SampleSegment& sample, const std::string& dir, std::optional<Uuid> uuid) {
  ThreadPool pool(1);
  VAMANA_ASSIGN(auto writer, SegmentWriter::create(dir, sample.shape, uuid));
  std::vector<const uint8_t*> vectors;
  for (uint64_t node = 0; node < sample.shape.rows; ++node) vectors.push_back(sample.vector(node));
  VAMANA_TRY(writer->append_vectors(vectors.data(), sample.rows.data(), vectors.size()));
  VAMANA_TRY(writer->write_graph(pack_sample(sample, pool), sample.facts));
  VAMANA_TRY(writer->write_codes(*sample.codec, sample.codes, sample.error));
  return writer->publish();
}

}  // namespace vamana::testing
