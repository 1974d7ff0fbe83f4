// What plan_build refuses, and that its figures are what they say.
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "job/build_job.h"

namespace vamana {
namespace {

BuildOptions options_for(uint64_t rows, uint32_t dim, Element element = Element::kF32) {
  BuildOptions options;
  options.source.rows = rows;
  options.source.dim = dim;
  options.source.element = element;
  return options;
}

TEST(BuildPlan, RefusesWhatNoBuildCanDo) {
  const BuildOptions sound = options_for(1000, 16);
  ASSERT_TRUE(plan_build(sound).ok());
  const auto refused = [&](auto change) {
    BuildOptions options = sound;
    change(options);
    const auto plan = plan_build(options);
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
  EXPECT_TRUE(refused([](BuildOptions& o) { o.code_bytes = 257; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.threads = 0; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.threads = 1025; }));
}

TEST(BuildPlan, TakesTheEndsOfEveryRange) {
  BuildOptions options = options_for(0xFFFFFFFEull, 65536, Element::kU8);
  options.degree = 126;
  options.build_list = 10000;
  options.alpha = 4;
  options.code_bytes = 256;
  options.threads = 1024;
  EXPECT_TRUE(plan_build(options).ok()) << plan_build(options).status().message();
  options = options_for(1, 1);
  options.degree = 4;
  options.build_list = 4;
  options.alpha = 1;
  options.code_bytes = 1;
  EXPECT_TRUE(plan_build(options).ok()) << plan_build(options).status().message();
}

TEST(BuildPlan, PeakIsTheSumOfItsParts) {
  const auto plan = plan_build(options_for(100000, 96));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->vectors_bytes, 100000u * 96 * 4);
  EXPECT_GT(plan->graph_bytes, 100000u * 32 * 4);
  EXPECT_GE(plan->codes_bytes, 100000u * 32);
  EXPECT_GT(plan->process_bytes, 0u);
  EXPECT_EQ(plan->peak_bytes,
            plan->vectors_bytes + plan->graph_bytes + plan->codes_bytes + plan->buffers_bytes + plan->process_bytes);
}

TEST(BuildPlan, GrowsWithRowsDimensionDegreeAndThreads) {
  const BuildOptions base = options_for(1'000'000, 64);
  const uint64_t peak = plan_build(base)->peak_bytes;
  const auto peak_with = [&](auto change) {
    BuildOptions options = base;
    change(options);
    return plan_build(options)->peak_bytes;
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
  const auto refused = plan_build(options);
  ASSERT_EQ(refused.status().code(), Code::kMemoryLimit);
  const std::string& message = refused.status().message();
  EXPECT_NE(message.find("100000000"), std::string::npos) << message;
  // The least possible limit stands at the end, and it is one that suffices (the process may have grown a little).
  const uint64_t least = std::stoull(message.substr(message.rfind(' ') + 1));
  options.memory_limit = least + (1 << 20);
  EXPECT_TRUE(plan_build(options).ok()) << message;
}

}  // namespace
}  // namespace vamana
