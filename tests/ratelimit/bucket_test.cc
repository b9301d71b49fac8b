#include "ratelimit/bucket.h"

#include <gtest/gtest.h>

#include <limits>

#include "runtime/panic.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec::ratelimit {
namespace {

using namespace std::chrono_literals;

XEBEC_TEST(TokenBucket, GivesItsBurstAndThenItsRate) {
  runtime::FakeClock clock;
  TokenBucket bucket(10, 3, &clock);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.Reserve(), 0s);
  EXPECT_EQ(bucket.Reserve(), 100ms);
  EXPECT_EQ(bucket.Reserve(), 200ms);
  clock.Advance(200ms);
  EXPECT_EQ(bucket.Reserve(), 100ms);
  // After a long pause the burst is there again, and no more.
  clock.Advance(1h);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.Reserve(), 0s);
  EXPECT_EQ(bucket.Reserve(), 100ms);
}

XEBEC_TEST(TokenBucket, TryTakeLeavesWhatIsNotThere) {
  runtime::FakeClock clock;
  TokenBucket bucket(2, 1, &clock);
  EXPECT_TRUE(bucket.TryTake());
  EXPECT_FALSE(bucket.TryTake());
  EXPECT_FALSE(bucket.TryTake());
  clock.Advance(499ms);
  EXPECT_FALSE(bucket.TryTake());
  clock.Advance(1ms);
  EXPECT_TRUE(bucket.TryTake());
}

XEBEC_TEST(TokenBucket, ItsEdges) {
  runtime::FakeClock clock;
  TokenBucket unlimited(std::numeric_limits<double>::infinity(), 0, &clock);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(unlimited.Reserve(), 0s);
  TokenBucket only_burst(0, 2, &clock);
  EXPECT_EQ(only_burst.Reserve(), 0s);
  EXPECT_EQ(only_burst.Reserve(), 0s);
  EXPECT_EQ(only_burst.Reserve(), Duration::max());
  clock.Advance(1000h);
  EXPECT_EQ(only_burst.Reserve(), Duration::max());
  TokenBucket none(5, 0, &clock);
  EXPECT_EQ(none.Reserve(), Duration::max());
  EXPECT_THROW(TokenBucket(-1, 1, &clock), runtime::Panic);
  EXPECT_THROW(TokenBucket(1, -1, &clock), runtime::Panic);
}

XEBEC_SIM_TEST(TokenBucket, WaitPacesFibers) {
  TokenBucket bucket(100, 1);
  const int64_t start = runtime::NanoTime();
  runtime::WaitGroup fibers;
  for (int f = 0; f < 11; ++f) {
    fibers.Go([&] { EXPECT_TRUE(bucket.Wait(Context::Background()).ok()); });
  }
  fibers.Wait();
  EXPECT_EQ(runtime::NanoTime() - start, 100'000'000);
}

XEBEC_SIM_TEST(TokenBucket, WaitThatCannotBeServedFailsAtOnceAndTakesNothing) {
  TokenBucket bucket(1, 1);
  EXPECT_TRUE(bucket.TryTake());
  const int64_t start = runtime::NanoTime();
  auto [ctx, cancel] = Context::WithTimeout(Context::Background(), 500ms);
  Result<void> waited = bucket.Wait(ctx);
  ASSERT_FALSE(waited.ok());
  EXPECT_TRUE(IsDeadlineExceeded(waited.error()));
  EXPECT_EQ(runtime::NanoTime(), start);
  // One that is cancelled while it waits gives its token back.
  auto [other, cancel_other] = Context::WithCancel(Context::Background());
  runtime::WaitGroup fibers;
  fibers.Go([&, &other = other] { EXPECT_TRUE(IsCanceled(bucket.Wait(other).error())); });
  runtime::testing::WaitUntilAllBlocked();
  cancel_other();
  fibers.Wait();
  EXPECT_EQ(bucket.Reserve(), 1s);
}

XEBEC_TEST(BucketRateLimiter, IgnoresWhichItemItIs) {
  runtime::FakeClock clock;
  BucketRateLimiter<int> limiter(1, 2, &clock);
  EXPECT_EQ(limiter.When(1), 0s);
  EXPECT_EQ(limiter.When(2), 0s);
  EXPECT_EQ(limiter.When(3), 1s);
  EXPECT_EQ(limiter.NumRequeues(3), 0);
  limiter.Forget(3);
  EXPECT_EQ(limiter.When(3), 2s);
}

}  // namespace
}  // namespace xebec::ratelimit
