#include "ratelimit/fast_slow.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/testing.h"

namespace xebec::ratelimit {
namespace {

using namespace std::chrono_literals;

XEBEC_TEST(ItemFastSlowRateLimiter, IsSlowAfterSomeFastAttempts) {
  ItemFastSlowRateLimiter<std::string> limiter(5ms, 10s, 3);
  for (Duration expected :
       {Duration(5ms), Duration(5ms), Duration(5ms), Duration(10s), Duration(10s)}) {
    EXPECT_EQ(limiter.When("one"), expected);
  }
  EXPECT_EQ(limiter.NumRequeues("one"), 5);
  EXPECT_EQ(limiter.When("two"), 5ms);
  EXPECT_EQ(limiter.When("two"), 5ms);
  EXPECT_EQ(limiter.NumRequeues("two"), 2);
  limiter.Forget("one");
  EXPECT_EQ(limiter.NumRequeues("one"), 0);
  EXPECT_EQ(limiter.When("one"), 5ms);
}

}  // namespace
}  // namespace xebec::ratelimit
