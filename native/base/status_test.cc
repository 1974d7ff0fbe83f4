#include "base/status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>
#include <string>

namespace vamana {
namespace {

TEST(Status, IsOkUntilGivenACode) {
  const Status fine;
  EXPECT_TRUE(fine.ok());
  EXPECT_EQ(fine.code(), Code::kOk);
  EXPECT_TRUE(fine.message().empty());
  const Status bad(Code::kCorrupt, "page 7");
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.code(), Code::kCorrupt);
  EXPECT_EQ(bad.message(), "page 7");
}

TEST(Status, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code) {
    const std::string_view name = code_name(static_cast<Code>(code));
    EXPECT_TRUE(names.insert(name).second) << name << " stands for two codes";
    EXPECT_EQ(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), std::string_view::npos) << name;
  }
  EXPECT_EQ(code_name(Code::kOk), "OK");
  EXPECT_EQ(code_name(Code::kBadVectorFile), "BAD_VECTOR_FILE");
  EXPECT_EQ(code_name(Code::kInternal), "INTERNAL");
}

TEST(Status, ErrnoFindsItsCodeAndKeepsThePath) {
  EXPECT_EQ(errno_status(ENOENT, "open", "/a").code(), Code::kNotFound);
  EXPECT_EQ(errno_status(ENOTDIR, "open", "/a").code(), Code::kNotFound);
  EXPECT_EQ(errno_status(EEXIST, "mkdir", "/a").code(), Code::kAlreadyExists);
  EXPECT_EQ(errno_status(ENOSPC, "write", "/a").code(), Code::kDiskFull);
  EXPECT_EQ(errno_status(EDQUOT, "write", "/a").code(), Code::kDiskFull);
  EXPECT_EQ(errno_status(EIO, "read", "/a").code(), Code::kIo);
  EXPECT_EQ(errno_status(ENOENT, "open", "/a/b").message(), "open /a/b: No such file or directory");
}

TEST(Format, IsAsLongAsItNeedsToBe) {
  EXPECT_EQ(format("no arguments"), "no arguments");
  EXPECT_EQ(format("%d of %s", 3, "four"), "3 of four");
  EXPECT_EQ(format("%s", ""), "");
  const std::string text(10000, 'x');
  EXPECT_EQ(format("<%s>", text.c_str()), "<" + text + ">");
}

Result<int> half_of(int number) {
  if (number % 2 != 0) return Status(Code::kInvalidArgument, format("%d is odd", number));
  return number / 2;
}

Result<int> quarter_of(int number) {
  VAMANA_ASSIGN(const int half, half_of(number));
  VAMANA_ASSIGN(const int quarter, half_of(half));
  return quarter;
}

Status check_even(int number, bool* reached_the_end) {
  VAMANA_TRY(half_of(number).status());
  *reached_the_end = true;
  return {};
}

TEST(Result, CarriesAValueOrTheReasonForNone) {
  EXPECT_TRUE(half_of(4).ok());
  EXPECT_TRUE(half_of(4).status().ok());
  EXPECT_EQ(half_of(4).value(), 2);
  EXPECT_FALSE(half_of(3).ok());
  EXPECT_EQ(half_of(3).status().message(), "3 is odd");
}

TEST(Result, MovesValuesThatCannotBeCopied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  EXPECT_EQ(**result.operator->(), 5);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 5);
}

TEST(Result, TheMacrosLeaveAtTheFirstFailure) {
  EXPECT_EQ(quarter_of(12).value(), 3);
  EXPECT_EQ(quarter_of(6).status().message(), "3 is odd");
  EXPECT_EQ(quarter_of(5).status().message(), "5 is odd");
  bool reached_the_end = false;
  EXPECT_EQ(check_even(1, &reached_the_end).code(), Code::kInvalidArgument);
  EXPECT_FALSE(reached_the_end);
  EXPECT_TRUE(check_even(2, &reached_the_end).ok());
  EXPECT_TRUE(reached_the_end);
}

}  // namespace
}  // namespace vamana
