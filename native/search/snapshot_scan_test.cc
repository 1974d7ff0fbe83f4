// The exact scan of a snapshot, and distances to rows named by their id, against naive search.
#include "search/snapshot_scan.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <thread>
#include <vector>

#include "search/row_distances.h"
#include "testing/built_segment.h"
#include "testing/naive_search.h"
#include "testing/temp_dir.h"

namespace vamana {
namespace {

using testing::VectorSet;

class SnapshotScanTest : public ::testing::Test {
 protected:
  void build(const testing::SyntheticOptions& options, Metric metric) {
    set_ = make_vectors(options);
    queries_ = make_queries(options, 9);
    const std::string dir = dir_.file(format("seg-%u", built_++));
    testing::build_segment(set_, dir, metric);
    ThreadPool pool(1);
    segment_ = Segment::open(dir, IoKind::kPread, pool).value();
  }

  SearchRequest& request(uint32_t k) {
    request_ = std::make_unique<SearchRequest>();
    request_->snapshot = SearchSnapshot::create(space_of(*segment_), {segment_}, {}, {}).value();
    request_->queries = queries_.bytes;
    request_->count = queries_.rows;
    request_->params.k = k;
    request_->params.exact = true;
    request_->rows.assign(request_->count * k, 77);
    request_->distances.assign(request_->count * k, 77);
    request_->costs.resize(request_->count);
    return *request_;
  }

  void expect_truth(uint32_t query) {
    const uint32_t k = request_->params.k;
    const auto truth = testing::naive_top_k(set_, segment_->metric(), queries_.row(query), k);
    for (uint32_t i = 0; i < k; ++i) {
      const bool padded = i >= truth.size();
      ASSERT_EQ(request_->rows[query * k + i], padded ? kNoRow : truth[i].row) << "place " << i;
      if (!padded) {
        ASSERT_EQ(request_->distances[query * k + i], truth[i].distance) << "place " << i;
      }
    }
  }

  void damage(uint64_t offset) {
    auto file = testing::read_file(segment_->vectors_path());
    file[offset] ^= 0x10;
    testing::write_file(segment_->vectors_path(), file);
  }

  testing::TempDir dir_;
  uint32_t built_ = 0;
  VectorSet set_, queries_;
  std::shared_ptr<const Segment> segment_;
  std::unique_ptr<SearchRequest> request_;
};

TEST_F(SnapshotScanTest, IsTheTruthForSmallLargeAndSpanningRecords) {
  // Many records a slot, one a slot, one over several pages; then more than a window of 1 MiB.
  for (const auto& [rows, dim] : {std::pair{500u, 7u}, {60u, 700u}, {40u, 2500u}, {9000u, 40u}}) {
    SCOPED_TRACE(format("%u rows of %u", rows, dim));
    build({.rows = rows, .dim = dim, .element = rows == 9000 ? Element::kF16 : Element::kF32, .seed = dim},
          Metric::kL2);
    for (const uint32_t k : {1u, 25u}) {
      ASSERT_TRUE(scan_snapshot(request(k), 0, queries_.rows).ok());
      for (uint32_t q = 0; q < queries_.rows; ++q) expect_truth(q);
    }
  }
}

TEST_F(SnapshotScanTest, WritesTheQueriesAskedForOnly) {
  build({.rows = 200, .dim = 5, .seed = 2}, Metric::kDot);
  ASSERT_TRUE(scan_snapshot(request(4), 3, 2).ok());
  for (uint32_t i = 0; i < request_->rows.size(); ++i) {
    const uint32_t q = i / 4;
    if (q != 3 && q != 4) {
      ASSERT_EQ(request_->rows[i], 77u);
    }
  }
  expect_truth(3);
  expect_truth(4);
  EXPECT_EQ(request_->costs[3].reranked, 200u);
  EXPECT_GE(request_->costs[3].total_us, 0);
  EXPECT_EQ(request_->costs[5].reranked, 0u);
}

TEST_F(SnapshotScanTest, StopsWhenCancelled) {
  build({.rows = 200, .dim = 5}, Metric::kL2);
  request(4).cancel = std::make_shared<CancelFlag>();
  request_->cancel->cancel();
  EXPECT_EQ(scan_snapshot(*request_, 0, 2).code(), Code::kAborted);
}

TEST_F(SnapshotScanTest, OthersHaveTheThreadBetweenItsTurnsAndAreNotCounted) {
  const testing::SyntheticOptions options{.rows = 9000, .dim = 40, .seed = 3};
  build(options, Metric::kL2);
  queries_ = make_queries(options, 150);
  constexpr std::chrono::milliseconds kElsewhere(2);
  uint32_t turns = 0;
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(scan_snapshot(request(4), 0, queries_.rows, [&] {
                ++turns;
                std::this_thread::sleep_for(kElsewhere);
              }).ok());
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - began;
  EXPECT_GT(turns, 0u);
  double counted_us = 0;
  for (uint32_t q = 0; q < queries_.rows; ++q) {
    expect_truth(q);
    counted_us += request_->costs[q].total_us;
  }
  const std::chrono::duration<double, std::micro> elsewhere = turns * kElsewhere;
  EXPECT_LE(counted_us, 1.001 * (took - elsewhere).count());
}

TEST_F(SnapshotScanTest, DamageIsCorruptAndNamesThePlace) {
  build({.rows = 500, .dim = 20}, Metric::kL2);
  damage(segment_->slot_page(3) * kPageBytes + 77);
  const Status status = scan_snapshot(request(4), 0, 2);
  EXPECT_EQ(status.code(), Code::kCorrupt);
  const std::string offset = format("%llu", static_cast<unsigned long long>(segment_->slot_page(3) * kPageBytes));
  EXPECT_NE(status.message().find(offset), std::string::npos) << status.message();
}

// Whoever has the segment may go on using it.
TEST_F(SnapshotScanTest, AFolderThatWasRemovedIsScannedStill) {
  build({.rows = 50, .dim = 20}, Metric::kL2);
  std::filesystem::remove_all(segment_->dir());
  ASSERT_TRUE(scan_snapshot(request(4), 0, queries_.rows).ok());
  for (uint32_t q = 0; q < queries_.rows; ++q) expect_truth(q);
}

TEST_F(SnapshotScanTest, AFileCutShortIsCorrupt) {
  build({.rows = 500, .dim = 20}, Metric::kL2);
  std::filesystem::resize_file(segment_->vectors_path(), 2 * kPageBytes);
  EXPECT_EQ(scan_snapshot(request(4), 0, 2).code(), Code::kCorrupt);
}

TEST_F(SnapshotScanTest, RowDistancesAreTheKernels) {
  CancelFlag cancel;
  for (const uint32_t threads : {1u, 3u}) {
    ThreadPool pool(threads);
    build({.rows = 3000, .dim = 33, .element = Element::kI8, .seed = threads}, Metric::kCosine);
    // Some rows more than once, some that are not there.
    const std::vector<uint32_t> rows = {0, 2999, 17, 17, 3000, 1500, 17, 0xFFFFFFFFu, 1};
    const auto distances = row_distances(*segment_, queries_.bytes.data(), rows, pool, cancel);
    ASSERT_TRUE(distances.ok()) << distances.status().message();
    const DistanceFn kernel = distance_kernel(Metric::kCosine, Element::kI8);
    for (uint32_t i = 0; i < rows.size(); ++i) {
      if (rows[i] >= set_.rows) {
        EXPECT_TRUE(std::isnan(distances.value()[i]));
      } else {
        EXPECT_EQ(distances.value()[i], kernel(queries_.row(i), set_.row(rows[i]), set_.dim)) << i;
      }
    }
    EXPECT_TRUE(row_distances(*segment_, nullptr, {}, pool, cancel)->empty());
  }
}

TEST_F(SnapshotScanTest, RowDistancesStopAtDamageAndWhenCancelled) {
  build({.rows = 500, .dim = 20}, Metric::kL2);
  ThreadPool pool(2);
  CancelFlag cancel;
  const std::vector<uint32_t> rows = {1, 2};
  damage(segment_->slot_page(2) * kPageBytes + 9);
  EXPECT_EQ(row_distances(*segment_, queries_.bytes.data(), rows, pool, cancel).status().code(), Code::kCorrupt);
  cancel.cancel();
  EXPECT_EQ(row_distances(*segment_, queries_.bytes.data(), rows, pool, cancel).status().code(), Code::kAborted);
}

}  // namespace
}  // namespace vamana
