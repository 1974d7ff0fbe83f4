// What plan_build refuses, and that its figures are what they say.
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "job/build_job.h"

namespace vamana {
namespace {

// What the process of these plans holds: given, since that of the test moves from plan to plan.
constexpr uint64_t kProcess = 50'000'000;

Result<BuildPlan> plan_of(const BuildOptions& options) { return plan_build(options, kProcess); }

BuildOptions options_for(uint64_t rows, uint32_t dim, Element element = Element::kF32) {
  BuildOptions options;
  options.source.rows = rows;
  options.source.dim = dim;
  options.source.element = element;
  return options;
}

TEST(BuildPlan, RefusesWhatNoBuildCanDo) {
  const BuildOptions sound = options_for(1000, 16);
  ASSERT_TRUE(plan_of(sound).ok());
  const auto refused = [&](auto change) {
    BuildOptions options = sound;
    change(options);
    const auto plan = plan_of(options);
    return !plan.ok() && plan.status().code() == Code::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](BuildOptions& o) { o.source.rows = 0; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.source.rows = 0xFFFFFFFFull; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.source.rows = 1ull << 40; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.source.dim = 0; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.source.dim = 65537; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.degree = 3; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.degree = 127; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.build_list = o.degree - 1; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.build_list = 10001; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.alpha = 0.99f; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.alpha = 4.01f; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.alpha = std::numeric_limits<float>::quiet_NaN(); }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.code_bytes = 0; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.code_bytes = 8193; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.threads = 0; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.threads = 1025; }));
}

TEST(BuildPlan, TakesTheEndsOfEveryRange) {
  BuildOptions options = options_for(0xFFFFFFFEull, 65536, Element::kU8);
  options.degree = 126;
  options.build_list = 10000;
  options.alpha = 4;
  options.code_bytes = 8192;
  options.threads = 1024;
  EXPECT_TRUE(plan_of(options).ok()) << plan_of(options).status().message();
  options = options_for(1, 1);
  options.degree = 4;
  options.build_list = 4;
  options.alpha = 1;
  options.code_bytes = 1;
  EXPECT_TRUE(plan_of(options).ok()) << plan_of(options).status().message();
}

TEST(BuildPlan, PeakIsTheSumOfItsParts) {
  const BuildOptions options = options_for(1'000'000, 96);
  const auto plan = plan_of(options);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->partitions, 1u);
  EXPECT_EQ(plan->vectors_bytes, 1'000'000u * 96 * 4);
  EXPECT_GT(plan->graph_bytes, 1'000'000u * 32 * 4);
  for (const BuildPlan& one : {plan.value(), plan_for(options, 5, BuildOrder::kBisection, kProcess)}) {
    EXPECT_EQ(one.process_bytes, kProcess);
    EXPECT_EQ(one.peak_bytes,
              one.vectors_bytes + one.graph_bytes + one.codes_bytes + one.buffers_bytes + one.process_bytes);
    EXPECT_STRNE(one.stage, "");
  }
  EXPECT_GT(plan_build(options)->process_bytes, 0u);
}

// The lower the limit, the more partitions; the order is given up last.
TEST(BuildPlan, TakesTheFirstWayThatKeepsTheLimit) {
  BuildOptions options = options_for(1'000'000, 384);
  const auto whole = plan_of(options);
  ASSERT_TRUE(whole.ok());
  uint32_t partitions = 1;
  BuildOrder order = BuildOrder::kBisection;
  bool in_memory = false, bisected = false, plain = false;
  for (uint64_t limit = whole->peak_bytes + (32 << 20); limit >= whole->least_bytes; limit -= 4 << 20) {
    options.memory_limit = limit;
    const auto plan = plan_of(options);
    ASSERT_TRUE(plan.ok()) << limit << ": " << plan.status().message();
    EXPECT_LE(plan->peak_bytes, limit);
    EXPECT_GE(plan->order, order) << limit;
    EXPECT_TRUE(plan->order != order || plan->partitions >= partitions) << limit;
    EXPECT_NE(plan->partitions, 2u);
    partitions = plan->partitions;
    order = plan->order;
    (partitions == 1 ? in_memory : order == BuildOrder::kBisection ? bisected : plain) = true;
  }
  EXPECT_TRUE(in_memory && bisected && plain);
}

TEST(BuildPlan, GrowsWithRowsDimensionDegreeAndThreads) {
  const BuildOptions base = options_for(1'000'000, 64);
  const uint64_t peak = plan_of(base)->peak_bytes;
  const auto peak_with = [&](auto change) {
    BuildOptions options = base;
    change(options);
    return plan_of(options)->peak_bytes;
  };
  EXPECT_GT(peak_with([](BuildOptions& o) { o.source.rows *= 2; }), peak + 1'000'000ull * 64 * 4);
  EXPECT_GT(peak_with([](BuildOptions& o) { o.source.dim *= 2; }), peak + 1'000'000ull * 64 * 4);
  EXPECT_GT(peak_with([](BuildOptions& o) { o.degree *= 2; }), peak + 1'000'000ull * 32 * 4);
  EXPECT_GE(peak_with([](BuildOptions& o) { o.threads = 64; }), peak);
  EXPECT_LT(peak_with([](BuildOptions& o) { o.source.element = Element::kU8; }), peak - 1'000'000ull * 64 * 2);
}

TEST(BuildPlan, ALimitBelowThePeakIsRefusedWithBothFigures) {
  BuildOptions options = options_for(1'000'000, 128);
  options.memory_limit = 100'000'000;
  const auto refused = plan_of(options);
  ASSERT_EQ(refused.status().code(), Code::kMemoryLimit);
  const std::string& message = refused.status().message();
  EXPECT_NE(message.find("100000000"), std::string::npos) << message;
  // The least possible limit stands at the end, and it is one that suffices.
  options.memory_limit = std::stoull(message.substr(message.rfind(' ') + 1));
  EXPECT_LT(options.memory_limit, plan_for(options, 1, BuildOrder::kBisection, kProcess).peak_bytes);
  EXPECT_TRUE(plan_of(options).ok()) << message;
  // A clear step below it nothing does.
  options.memory_limit -= 32 << 20;
  EXPECT_EQ(plan_of(options).status().code(), Code::kMemoryLimit);
}

}  // namespace
}  // namespace vamana
