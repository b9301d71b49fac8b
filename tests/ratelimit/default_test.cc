#include "ratelimit/default.h"

#include <gtest/gtest.h>

#include "runtime/clock.h"
#include "runtime/testing.h"

namespace xebec::ratelimit {
namespace {

using namespace std::chrono_literals;

XEBEC_TEST(DefaultControllerRateLimiter, BacksOffByItem) {
  runtime::FakeClock clock;
  auto limiter = DefaultControllerRateLimiter<int>(&clock);
  for (Duration expected : {5ms, 10ms, 20ms, 40ms}) EXPECT_EQ(limiter->When(1), expected);
  for (int i = 0; i < 60; ++i) limiter->When(1);
  EXPECT_EQ(limiter->When(1), 1000s);
  EXPECT_EQ(limiter->NumRequeues(1), 65);
  limiter->Forget(1);
  EXPECT_EQ(limiter->When(1), 5ms);
}

XEBEC_TEST(DefaultControllerRateLimiter, BoundsTheRateOverAllItems) {
  runtime::FakeClock clock;
  auto limiter = DefaultControllerRateLimiter<int>(&clock);
  for (int item = 0; item < 100; ++item) EXPECT_EQ(limiter->When(item), 5ms);
  EXPECT_EQ(limiter->When(100), 100ms);
  EXPECT_EQ(limiter->When(101), 200ms);
  clock.Advance(1s);
  EXPECT_EQ(limiter->When(102), 5ms);
}

}  // namespace
}  // namespace xebec::ratelimit
