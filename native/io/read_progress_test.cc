#include "io/read_progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "base/prng.h"

namespace vamana {
namespace {

using Step = ReadProgress::Step;

TEST(ReadProgress, AWholeReadIsDone) {
  ReadProgress progress(8192, kDirectAlignment);
  EXPECT_EQ(progress.position(), 0u);
  EXPECT_EQ(progress.remaining(), 8192u);
  EXPECT_EQ(progress.advance(8192), Step::kDone);
}

TEST(ReadProgress, ABufferedShortReadGoesOnWhereItStopped) {
  ReadProgress progress(4096, 1);
  EXPECT_EQ(progress.advance(1000), Step::kAgain);
  EXPECT_EQ(progress.position(), 1000u);
  EXPECT_EQ(progress.remaining(), 3096u);
  EXPECT_EQ(progress.advance(3096), Step::kDone);
}

TEST(ReadProgress, ADirectShortReadGoesOnFromTheLastAlignedByte) {
  ReadProgress progress(8192, kDirectAlignment);
  EXPECT_EQ(progress.advance(4096), Step::kAgain);
  EXPECT_EQ(progress.position(), 4096u);
  EXPECT_EQ(progress.advance(700), Step::kAgain);
  EXPECT_EQ(progress.position(), 4608u);
  EXPECT_EQ(progress.remaining(), 3584u);
  EXPECT_EQ(progress.advance(3584), Step::kDone);

  ReadProgress below(4096, kDirectAlignment);
  EXPECT_EQ(below.advance(300), Step::kAgain);
  EXPECT_EQ(below.position(), 0u);
  EXPECT_EQ(below.advance(4096), Step::kDone);
}

TEST(ReadProgress, NoBytesMeanThatTheFileEnded) {
  ReadProgress progress(4096, 1);
  EXPECT_EQ(progress.advance(904), Step::kAgain);
  EXPECT_EQ(progress.advance(0), Step::kFailed);
  const Status status = progress.failure("/a/vectors.seg", 40960);
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_NE(status.message().find("/a/vectors.seg"), std::string::npos);
  EXPECT_NE(status.message().find("ends at byte 41864"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("4096 bytes at byte 40960"), std::string::npos) << status.message();
}

TEST(ReadProgress, AFileThatEndsInsideAnAlignedUnitIsFoundToEnd) {
  // 1904 bytes are left: every further read begins at 1536 and brings the same 368.
  ReadProgress progress(4096, kDirectAlignment);
  EXPECT_EQ(progress.advance(1904), Step::kAgain);
  Step step = Step::kAgain;
  uint32_t tries = 0;
  while (step == Step::kAgain) {
    ASSERT_EQ(progress.position(), 1536u);
    step = progress.advance(368);
    ASSERT_LE(++tries, ReadProgress::kMaxRetries + 1);
  }
  const Status status = progress.failure("f", 0);
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_NE(status.message().find("ends at byte 1904"), std::string::npos) << status.message();
}

TEST(ReadProgress, TransientErrorsAreTriedAgainWithoutLosingGround) {
  for (const int error : {EINTR, EAGAIN, EBUSY}) {
    ReadProgress progress(4096, kDirectAlignment);
    EXPECT_EQ(progress.advance(1024), Step::kAgain);
    EXPECT_EQ(progress.advance(-error), Step::kAgain) << error;
    EXPECT_EQ(progress.position(), 1024u);
    EXPECT_EQ(progress.advance(3072), Step::kDone);
  }
}

TEST(ReadProgress, TransientErrorsAreBounded) {
  ReadProgress progress(4096, 1);
  for (uint32_t i = 0; i < ReadProgress::kMaxRetries; ++i) ASSERT_EQ(progress.advance(-EAGAIN), Step::kAgain) << i;
  EXPECT_EQ(progress.advance(-EAGAIN), Step::kFailed);
  const Status status = progress.failure("/a/b", 8192);
  EXPECT_EQ(status.code(), Code::kIo);
  EXPECT_NE(status.message().find("after many tries"), std::string::npos) << status.message();
}

TEST(ReadProgress, NewBytesGiveNewTries) {
  ReadProgress progress(4096, 1);
  for (uint32_t byte = 1; byte < 100; ++byte) {
    for (uint32_t i = 0; i < ReadProgress::kMaxRetries; ++i) ASSERT_EQ(progress.advance(-EINTR), Step::kAgain);
    ASSERT_EQ(progress.advance(1), Step::kAgain);
    ASSERT_EQ(progress.position(), byte);
  }
}

TEST(ReadProgress, OtherErrorsFailAtOnceAndNameTheByte) {
  for (const int error : {EIO, EINVAL, EBADF, EOPNOTSUPP, ENOMEM, ECANCELED}) {
    ReadProgress progress(8192, kDirectAlignment);
    EXPECT_EQ(progress.advance(4096), Step::kAgain);
    EXPECT_EQ(progress.advance(-error), Step::kFailed) << error;
    const Status status = progress.failure("/a/vectors.seg", 1ull << 40);
    EXPECT_EQ(status.code(), Code::kIo) << error;
    EXPECT_NE(status.message().find("/a/vectors.seg"), std::string::npos);
    EXPECT_NE(status.message().find(std::to_string((1ull << 40) + 4096)), std::string::npos) << status.message();
  }
}

// Against a model of a file: whatever comes, a read ends done with every byte covered, or failed because
// the file ends, and it never goes on from a byte that is not aligned or not yet reached.
TEST(ReadProgress, RandomResultsAlwaysEndRightly) {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    Prng prng(seed);
    const uint32_t bytes = 4096 * static_cast<uint32_t>(1 + prng.below(4));
    const uint32_t alignment = prng.below(2) == 0 ? 1 : kDirectAlignment;
    const uint32_t there = prng.below(3) == 0 ? static_cast<uint32_t>(prng.below(bytes)) : bytes;
    ReadProgress progress(bytes, alignment);
    uint32_t reached = 0;
    bool interrupted = false;
    Step step = Step::kAgain;
    for (int i = 0; step == Step::kAgain; ++i) {
      ASSERT_LT(i, 100000) << "seed " << seed;
      ASSERT_EQ(progress.position() % alignment, 0u) << "seed " << seed;
      ASSERT_LE(progress.position(), reached) << "seed " << seed;
      const uint32_t left = progress.position() < there ? there - progress.position() : 0;
      const uint32_t most = std::min(left, progress.remaining());
      interrupted = prng.below(4) == 0;
      const uint32_t got = most == 0 || prng.below(2) == 0 ? most : static_cast<uint32_t>(1 + prng.below(most));
      if (!interrupted) reached = std::max(reached, progress.position() + got);
      step = progress.advance(interrupted ? -EINTR : int64_t{got});
    }
    ASSERT_EQ(step == Step::kDone, reached == bytes) << "seed " << seed;
    if (step == Step::kFailed) {
      ASSERT_EQ(progress.failure("f", 0).code(), interrupted ? Code::kIo : Code::kCorrupt) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace vamana
