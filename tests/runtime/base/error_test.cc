#include "runtime/error.h"

#include <gtest/gtest.h>

namespace xebec {
namespace {

TEST(Error, ReasonDecidesBeforeCode) {
  EXPECT_TRUE(IsConflict(Error::Conflict("pods", "a", "changed")));
  EXPECT_FALSE(IsConflict(Error::AlreadyExists("pods", "a")));
  EXPECT_TRUE(IsAlreadyExists(Error::AlreadyExists("pods", "a")));
}

TEST(Error, CodeDecidesWhereNoReasonIsGiven) {
  EXPECT_TRUE(IsNotFound(Error("", 404, "404 page not found")));
  EXPECT_TRUE(IsExpired(Error("Gone", 410, "too old")));
  EXPECT_FALSE(IsNotFound(Error("", 0, "nothing")));
}

TEST(Error, ToStringTellsTheChain) {
  const Error error =
      Error::Unreachable("dial 127.0.0.1:1").CausedBy(Error("", 0, "connection refused"));
  EXPECT_EQ(error.ToString(), "dial 127.0.0.1:1 (Unreachable): connection refused");
}

TEST(Error, WrapKeepsReasonAndDetails) {
  const Error error = Error::NotFound("pods", "web-0").Wrap("get pod");
  EXPECT_TRUE(IsNotFound(error));
  EXPECT_EQ(error.details.name, "web-0");
  EXPECT_EQ(error.message, "get pod: pods \"web-0\" not found");
}

TEST(Error, InvalidListsItsFields) {
  const Error error = Error::Invalid("Pod", "a", {{"spec.image", "Required", "must be set"}});
  EXPECT_EQ(error.message, "Pod \"a\" is invalid: spec.image: must be set");
}

}  // namespace
}  // namespace xebec
