#include "ratelimit/max_of.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "ratelimit/exponential.h"
#include "ratelimit/fast_slow.h"
#include "runtime/testing.h"

namespace xebec::ratelimit {
namespace {

using namespace std::chrono_literals;

XEBEC_TEST(MaxOfRateLimiter, TellsTheLongest) {
  MaxOfRateLimiter<std::string> limiter(
      {std::make_shared<ItemFastSlowRateLimiter<std::string>>(5ms, 3s, 3),
       std::make_shared<ItemExponentialFailureRateLimiter<std::string>>(1ms, 1s)});
  for (Duration expected :
       {Duration(5ms), Duration(5ms), Duration(5ms), Duration(3s), Duration(3s)}) {
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

XEBEC_TEST(MaxOfRateLimiter, WithoutLimitersNothingWaits) {
  MaxOfRateLimiter<int> limiter({});
  EXPECT_EQ(limiter.When(1), 0s);
  EXPECT_EQ(limiter.NumRequeues(1), 0);
}

}  // namespace
}  // namespace xebec::ratelimit
