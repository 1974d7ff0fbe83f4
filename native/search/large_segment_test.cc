// A segment past 2^32 bytes of vectors, 2^32 bytes of graph and 2^31 edges, with row ids up to the last there is:
// written, verified, opened, read and searched beside others. That large with VAMANA_LARGE=1 (`npm run test:large`),
// which takes 10 GB of disk, as much memory, and minutes; else the same with fewer rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>
#include <span>

#include "base/coding.h"
#include "codec/codec_factory.h"
#include "search/search_engine.h"
#include "segment/segment.h"
#include "segment/segment_writer.h"
#include "segment/verify.h"
#include "testing/search_call.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

constexpr uint32_t kDim = 256;
constexpr uint32_t kDegree = kMaxDegree;
constexpr uint32_t kCodeBytes = 4;
constexpr uint32_t kBatch = 4096;
constexpr VectorSpace kSpace{kDim, Element::kU8, Metric::kL2};

bool is_large() { return std::getenv("VAMANA_LARGE") != nullptr; }
uint64_t rows_wanted() { return is_large() ? 17'200'000 : 30'000; }

uint64_t mixed(uint64_t x) {
  x = (x ^ x >> 31) * 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9u;
  return x ^ x >> 32;
}

// Everything in it follows from a node's number, so nothing needs to be kept to compare with.
struct LargeSegment {
  uint64_t rows;
  uint32_t last_row;  // row ids end here

  // Against the order of nodes.
  uint32_t row_of(uint32_t node) const { return last_row - node; }

  void fill_vector(uint32_t node, uint8_t* to) const {
    const uint64_t seed = mixed(node + uint64_t{last_row} * 3);
    for (uint32_t i = 0; i < kDim; i += 8) store_le(to + i, mixed(seed + i));
  }

  // One somewhere in each of as many equal stretches of nodes; the first is the next node, so that all are reached.
  std::span<const uint32_t> neighbours(uint32_t node) const {
    thread_local std::array<uint32_t, kDegree> list;
    const uint64_t width = rows / kDegree;
    for (uint32_t i = 0; i < kDegree; ++i) {
      list[i] = static_cast<uint32_t>(i * width + mixed(uint64_t{node} * kDegree + i) % width);
    }
    const auto next = static_cast<uint32_t>((node + 1) % rows);
    list[std::min<uint64_t>(next / width, kDegree - 1)] = next;
    const auto own = std::find(list.begin(), list.end(), node);
    if (own == list.end()) return list;
    std::rotate(own, own + 1, list.end());
    return std::span(list).first(kDegree - 1);
  }

  static std::unique_ptr<Codec> codec() {
    std::vector<uint8_t> parameters(8 + size_t{kDim} * 256 * sizeof(float));
    store_le<uint32_t>(parameters.data(), kCodeBytes);
    store_le<uint32_t>(parameters.data() + 4, kDim);
    for (size_t at = 8; at < parameters.size(); at += sizeof(float)) {
      store_le(parameters.data() + at, static_cast<float>(mixed(at) % 256));
    }
    return make_codec(CodecKind::kPq, kDim, kSpace.metric, kCodeBytes, parameters).value();
  }

  uint8_t code_byte(uint32_t node, uint32_t i) const { return static_cast<uint8_t>(mixed(node * uint64_t{8} + i)); }

  Result<SegmentSizes> write(const std::string& dir, ThreadPool& pool) const {
    VAMANA_ASSIGN(auto writer, SegmentWriter::create(dir, {rows, kDim, Element::kU8, Metric::kL2}));
    VAMANA_TRY(write_vectors(*writer));
    VAMANA_ASSIGN(auto graph, PackedGraph::pack(
                                  rows, kDegree, [this](uint32_t node) { return neighbours(node); }, pool));
    SegmentWriter::GraphFacts facts;
    facts.build_list = kDegree;
    facts.alpha = 1.2f;
    facts.entries = {0};
    VAMANA_TRY(writer->write_graph(graph, facts));
    CodeLayout layout = code_layout(kCodeBytes);
    VAMANA_ASSIGN(auto codes, AlignedBuffer::create(code_area_bytes(layout, rows)));
    layout.codes = codes.data();
    for (uint64_t node = 0; node < rows; ++node) {
      uint8_t* const code = codes.data() + (layout.code(static_cast<uint32_t>(node)) - layout.codes);
      for (uint32_t i = 0; i < kCodeBytes; ++i) code[i] = code_byte(static_cast<uint32_t>(node), i);
    }
    VAMANA_TRY(writer->write_codes(*codec(), codes, {0.5, 0.25f, 0.125f, 0.75f, 0.5f}));
    return writer->publish();
  }

  Status write_vectors(SegmentWriter& writer) const {
    std::vector<uint8_t> vectors(size_t{kBatch} * kDim);
    std::vector<const uint8_t*> places;
    std::vector<uint32_t> ids;
    for (uint64_t first = 0; first < rows; first += kBatch) {
      places.clear();
      ids.clear();
      for (uint64_t node = first; node < std::min(rows, first + kBatch); ++node) {
        uint8_t* const at = vectors.data() + (node - first) * kDim;
        fill_vector(static_cast<uint32_t>(node), at);
        places.push_back(at);
        ids.push_back(row_of(static_cast<uint32_t>(node)));
      }
      VAMANA_TRY(writer.append_vectors(places.data(), ids.data(), places.size()));
    }
    return {};
  }
};

class LargeSegmentTest : public ::testing::Test {
 protected:
  // Nodes at the ends, around the bytes 2^31 and 2^32 of the vectors where there are so many, and between.
  static std::vector<uint32_t> nodes_of(const Segment& segment) {
    const uint64_t rows = segment.rows();
    std::vector<uint32_t> nodes;
    const auto add = [&](uint64_t node) {
      for (uint64_t i = node < 40 ? 0 : node - 40; i < std::min(rows, node + 40); ++i) {
        nodes.push_back(static_cast<uint32_t>(i));
      }
    };
    const uint64_t per_page = segment.vectors_header().vectors.records_per_slot;
    for (const uint64_t at : {uint64_t{0}, rows / 2, rows - 1}) add(at);
    for (const uint64_t byte : {uint64_t{1} << 31, uint64_t{1} << 32}) add(byte / kPageBytes * per_page);
    std::sort(nodes.begin(), nodes.end());
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    return nodes;
  }

  void expect_holds(const LargeSegment& made, const Segment& segment) {
    auto session = segment.reader()->open_session(SessionOptions{}).value();
    auto buffer = AlignedBuffer::create(segment.slot_pages() * kPageBytes).value();
    std::vector<uint8_t> vector(kDim);
    std::vector<uint32_t> list(kNeighbourRoom);
    for (const uint32_t node : nodes_of(segment)) {
      SCOPED_TRACE(node);
      PageBatch batch;
      PageRequest request;
      request.file = &segment.page_file();
      request.page = segment.slot_page(segment.slot_of(node));
      request.pages = segment.slot_pages();
      request.buffer = buffer.data();
      batch.requests = {request};
      session->submit(&batch);
      ASSERT_EQ(session->reap(true), &batch);
      ASSERT_TRUE(batch.status.ok()) << batch.status.message();
      const uint8_t* const slot = batch.requests[0].data;
      ASSERT_TRUE(segment.slot_valid(segment.slot_of(node), slot));
      const uint8_t* const record = segment.record_in_slot(slot, node);
      made.fill_vector(node, vector.data());
      ASSERT_TRUE(std::equal(vector.begin(), vector.end(), record));
      ASSERT_EQ(segment.row_in_record(record), made.row_of(node));
      ASSERT_EQ(segment.row_map().node_of(made.row_of(node)).value(), node);
      ASSERT_EQ(segment.row_ids().value()[node], made.row_of(node));
      const auto wanted = made.neighbours(node);
      const uint32_t count = segment.graph().decode(node, list.data());
      ASSERT_TRUE(std::equal(wanted.begin(), wanted.end(), list.begin(), list.begin() + count));
      ASSERT_EQ(segment.code_layout().code(node)[1], made.code_byte(node, 1));
    }
  }

  std::shared_ptr<const Segment> made_segment(const LargeSegment& made, SegmentSizes* sizes = nullptr) {
    const std::string dir = temp_.file(format("s%u", made.last_row));
    const auto written = made.write(dir, pool_);
    EXPECT_TRUE(written.ok()) << written.status().message();
    if (sizes != nullptr) *sizes = written.value();
    auto segment = Segment::open(dir, reader_, pool_);
    EXPECT_TRUE(segment.ok()) << segment.status().message();
    return std::move(segment).value();
  }

  const testing::TempDir temp_;
  ThreadPool pool_{2};
  const std::shared_ptr<PageReader> reader_ = open_page_reader(IoKind::kPread).value();
};

TEST_F(LargeSegmentTest, HoldsWhatWasWritten) {
  const LargeSegment made{rows_wanted(), static_cast<uint32_t>(kMaxRows - 1)};
  SegmentSizes sizes;
  const auto segment = made_segment(made, &sizes);
  if (is_large()) {
    EXPECT_GT(sizes.vectors, uint64_t{1} << 32);
    EXPECT_GT(sizes.graph, uint64_t{1} << 32);
    EXPECT_GT(segment->graph().packing().edges, uint64_t{1} << 31);
  }
  expect_holds(made, *segment);
  const CancelFlag cancel;
  const auto verified = verify_segment(segment->dir(), pool_, cancel, {});
  ASSERT_TRUE(verified.ok()) << verified.status().message();
  EXPECT_EQ(verified->rows, made.rows);
  EXPECT_EQ(verified->unreachable, 0u);
  for (const Status& problem : verified->problems) ADD_FAILURE() << problem.message();
}

// Three of a third of the rows each, their row ids far apart: below, around and far above 2^31.
TEST_F(LargeSegmentTest, IsSearchedBesideOthers) {
  const uint64_t rows = rows_wanted() / 3;
  std::vector<LargeSegment> made;
  SearchSnapshot::Segments segments;
  for (const uint64_t last : {rows - 1, (uint64_t{1} << 31) + rows / 2, uint64_t{kMaxRows} - 1}) {
    made.push_back({rows, static_cast<uint32_t>(last)});
    segments.push_back(made_segment(made.back()));
  }
  const auto snapshot = SearchSnapshot::create(kSpace, segments, {}, {}).value();
  ASSERT_EQ(snapshot->live_rows(), 3 * rows);
  const auto engine = SearchEngine::create(kSpace, reader_, {}).value();

  // Queries are rows of each: the first, one in the middle and the last. No other row is near them.
  testing::VectorSet queries{.rows = 9, .dim = kDim, .element = Element::kU8, .bytes = {}};
  queries.bytes.resize(queries.rows * queries.row_bytes());
  std::vector<uint32_t> wanted;
  for (size_t part = 0; part < made.size(); ++part) {
    const std::array<uint64_t, 3> nodes = {0, rows / 2, rows - 1};
    for (const uint64_t node : nodes) {
      made[part].fill_vector(static_cast<uint32_t>(node), queries.row(wanted.size()));
      wanted.push_back(made[part].row_of(static_cast<uint32_t>(node)));
    }
  }
  // By a scan of all rows, as the lists lead nowhere in particular; and fetched by their ids.
  testing::SearchCall exact(queries, SearchParams{.k = 1, .exact = true});
  exact.search_in(snapshot);
  ASSERT_TRUE(exact.submit(*engine).ok());
  for (int half_minutes = 0; half_minutes < 40 && !exact.wait(); ++half_minutes) continue;
  ASSERT_EQ(exact.done_calls(), 1u);
  ASSERT_TRUE(exact.result().status.ok()) << exact.result().status.message();
  EXPECT_EQ(exact.result().rows, wanted);
  testing::SearchCall walked(queries, SearchParams{.k = 5, .list_size = 50});
  walked.search_in(snapshot);
  ASSERT_TRUE(walked.run(*engine).ok()) << walked.result().status.message();
  for (const uint32_t row : walked.result().rows) {
    const auto place = snapshot->find(row).value();
    ASSERT_TRUE(place.has_value()) << row;
    EXPECT_EQ(made[place->part].row_of(place->at), row);
  }
  testing::SearchCall fetched(queries, SearchParams{});
  fetched.fetch_from(snapshot, wanted);
  ASSERT_TRUE(fetched.run(*engine).ok()) << fetched.result().status.message();
  EXPECT_TRUE(std::equal(queries.bytes.begin(), queries.bytes.end(), fetched.result().fetch->vectors.begin()));
}

}  // namespace
}  // namespace vamana
