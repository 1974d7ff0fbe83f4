// The strings by which JavaScript names enumerations, in the order of the enumerations' values.
#pragma once

#include <array>
#include <string_view>

#include "base/element.h"
#include "io/page_reader.h"
#include "job/build_job.h"
#include "job/merge_job.h"
#include "search/filter_plan.h"

namespace vamana::addon {

constexpr std::array<std::string_view, kElementCount> kElementNames = {"f32", "f16", "u8", "i8"};
constexpr std::array<std::string_view, kMetricCount> kMetricNames = {"l2", "cosine", "dot", "l1"};
constexpr std::array<std::string_view, 4> kIoNames = {"auto", "mmap", "uring", "pread"};
constexpr std::array<std::string_view, 4> kStrategyNames = {"auto", "codes", "walk", "post"};
constexpr std::array<std::string_view, 3> kOrderNames = {"bisection", "kmeans", "bfs"};  // that can be asked for
constexpr std::array<std::string_view, 2> kMergeModeNames = {"streaming", "rebuild"};
constexpr std::array<std::string_view, 3> kCodeNames = {"auto", "pq", "rabitq"};

static_assert(static_cast<size_t>(FilterStrategy::kPost) == kStrategyNames.size() - 1);
static_assert(static_cast<size_t>(IoKind::kPread) == kIoNames.size() - 1);
static_assert(static_cast<size_t>(BuildOrder::kBreadthFirst) == kOrderNames.size() - 1);
static_assert(static_cast<size_t>(MergeMode::kRebuild) == kMergeModeNames.size() - 1);
static_assert(static_cast<size_t>(CodecChoice::kRabitq) == kCodeNames.size() - 1);

}  // namespace vamana::addon
