#include "runtime/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "runtime/panic.h"

namespace xebec {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return Error::InvalidInput("odd");
  return n / 2;
}
Result<void> NeedsEven(int n) {
  XEBEC_TRY(Half(n));
  return {};
}
Result<std::string> Quarter(int n) {
  XEBEC_ASSIGN_OR_RETURN(int half, Half(n));
  XEBEC_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return std::to_string(quarter);
}

TEST(Result, MacrosReturnTheErrorOfWhatFailed) {
  EXPECT_EQ(*Quarter(8), "2");
  EXPECT_TRUE(IsInvalidInput(Quarter(6).error()));
  EXPECT_TRUE(NeedsEven(2).ok());
  EXPECT_FALSE(NeedsEven(3).ok());
}

TEST(Result, CarriesMoveOnlyValues) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 3);
}

TEST(Result, ValueOfAFailedResultPanics) {
  EXPECT_THROW(Half(3).value(), runtime::Panic);
  EXPECT_EQ(Half(3).value_or(7), 7);
  EXPECT_EQ(Half(4).value_or(7), 2);
}

TEST(Result, ConvertsLiterals) {
  const Result<std::string> result = "text";
  EXPECT_EQ(result.value(), "text");
}

}  // namespace
}  // namespace xebec
