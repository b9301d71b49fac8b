#include "workqueue/rate_limiting_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "ratelimit/exponential.h"
#include "runtime/clock.h"
#include "runtime/testing.h"

namespace xebec::workqueue {
namespace {

using namespace std::chrono_literals;
using runtime::FakeClock;

const Context kForever;

XEBEC_TEST(RateLimitingQueue, AddsAgainLaterWithEachFailure) {
  FakeClock clock;
  auto limiter =
      std::make_shared<ratelimit::ItemExponentialFailureRateLimiter<std::string>>(1ms, 1s);
  RateLimitingQueue<std::string> queue(limiter, {.clock = &clock});
  for (auto wait : {1ms, 2ms, 4ms}) {
    queue.AddRateLimited("one");
    EXPECT_EQ(queue.Waiting(), 1u);
    clock.Advance(wait - 1us);
    EXPECT_EQ(queue.Len(), 0u);
    clock.Advance(1us);
    EXPECT_EQ(queue.Get(kForever), "one");
    queue.Done("one");
  }
  EXPECT_EQ(queue.NumRequeues("one"), 3);
  queue.Forget("one");
  EXPECT_EQ(queue.NumRequeues("one"), 0);
  queue.AddRateLimited("one");
  clock.Advance(1ms);
  EXPECT_EQ(queue.Len(), 1u);
}

// Ported from upstream's TestRateLimitingQueue: the limiter sees each failure of each item.
XEBEC_TEST(RateLimitingQueue, CountsFailuresByItem) {
  FakeClock clock;
  auto limiter =
      std::make_shared<ratelimit::ItemExponentialFailureRateLimiter<std::string>>(1ms, 1s);
  RateLimitingQueue<std::string> queue(limiter, {.clock = &clock});
  queue.AddRateLimited("one");
  queue.AddRateLimited("one");
  queue.AddRateLimited("two");
  queue.AddRateLimited("two");
  queue.AddRateLimited("two");
  EXPECT_EQ(queue.NumRequeues("one"), 2);
  EXPECT_EQ(queue.NumRequeues("two"), 3);
  EXPECT_EQ(queue.Waiting(), 2u);
  clock.Advance(1ms);  // of several delays the earliest counts
  EXPECT_EQ(queue.Len(), 2u);
}

XEBEC_TEST(RateLimitingQueue, ForgetIsNotDone) {
  FakeClock clock;
  RateLimitingQueue<int> queue(nullptr, {.clock = &clock});
  queue.Add(1);
  EXPECT_EQ(queue.Get(kForever), 1);
  queue.Forget(1);
  queue.Add(1);
  EXPECT_EQ(queue.Len(), 0u) << "it is still being processed";
  queue.Done(1);
  EXPECT_EQ(queue.Len(), 1u);
}

XEBEC_TEST(RateLimitingQueue, BacksOffByTheDefaultLimiter) {
  FakeClock clock;
  RateLimitingQueue<int> queue(nullptr, {.clock = &clock});
  queue.AddRateLimited(1);
  clock.Advance(4ms);
  EXPECT_EQ(queue.Len(), 0u);
  clock.Advance(1ms);
  EXPECT_EQ(queue.Len(), 1u);
}

}  // namespace
}  // namespace xebec::workqueue
