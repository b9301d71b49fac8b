#include "runtime/clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec::runtime {
namespace {

using namespace std::chrono_literals;

XEBEC_TEST(FakeClock, StandsStillUntilItIsAdvanced) {
  FakeClock clock;
  const int64_t start = clock.Now();
  EXPECT_EQ(clock.WallNow(), kSimulationEpochNanos);
  Chan<Unit> done;
  Go([&] {
    clock.Sleep(1h);
    done.Close();
  });
  clock.BlockUntil(1);
  EXPECT_FALSE(done.closed());
  clock.Advance(59min);
  EXPECT_EQ(clock.Waiters(), 1);
  clock.Advance(1min);
  done.Receive();
  EXPECT_EQ(clock.Now() - start, std::chrono::nanoseconds(1h).count());
  EXPECT_FALSE(clock.HasWaiters());
}

XEBEC_TEST(FakeClock, RunsFunctionsInTheOrderOfTheirDeadlines) {
  FakeClock clock;
  std::vector<int> order;
  clock.AfterFunc(3s, [&] { order.push_back(3); });
  clock.AfterFunc(1s, [&] {
    order.push_back(1);
    clock.AfterFunc(1s, [&] { order.push_back(2); });
  });
  auto stopped = clock.AfterFunc(2s, [&] { order.push_back(99); });
  EXPECT_TRUE(stopped->Stop());
  EXPECT_FALSE(stopped->Stop());
  clock.Advance(10s);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_FALSE(stopped->Reset(5s));
  clock.Advance(5s);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 99}));
  clock.AfterFunc(0s, [&] { order.push_back(0); });
  EXPECT_EQ(order.back(), 0);
}

XEBEC_TEST(FakeClock, TimersAndTickersFollowIt) {
  FakeClock clock;
  const int64_t start = clock.Now();
  auto timer = clock.NewTimer(10ms);
  auto ticker = clock.NewTicker(4ms);
  clock.Advance(4ms);
  EXPECT_EQ(*ticker->C().TryReceive() - start, 4'000'000);
  EXPECT_FALSE(timer->C().TryReceive().has_value());
  clock.Advance(6ms);
  EXPECT_EQ(*timer->C().TryReceive() - start, 10'000'000);
  EXPECT_EQ(ticker->C().Len(), 1u);
  EXPECT_FALSE(timer->Reset(1ms));
  clock.Advance(1ms);
  EXPECT_TRUE(timer->Reset(1ms));  // its value is taken back
  EXPECT_FALSE(timer->C().TryReceive().has_value());
  ticker.reset();
  EXPECT_EQ(clock.Waiters(), 1);
}

XEBEC_SIM_TEST(RealClock, FollowsTheRuntimesTime) {
  Clock* clock = RealClock();
  const int64_t start = clock->Now();
  EXPECT_EQ(start, NanoTime());
  clock->Sleep(20ms);
  EXPECT_EQ(clock->Now() - start, 20'000'000);
  Chan<Unit> ran(1);
  auto timer = clock->AfterFunc(5ms, [ran] { ran.Send({}); });
  ran.Receive();
  EXPECT_EQ(clock->Now() - start, 25'000'000);
  EXPECT_FALSE(timer->Stop());
  auto ticker = clock->NewTicker(1ms);
  ticker->C().Receive();
  EXPECT_EQ(clock->Now() - start, 26'000'000);
  EXPECT_GE(clock->WallNow(), kSimulationEpochNanos);
}

}  // namespace
}  // namespace xebec::runtime
