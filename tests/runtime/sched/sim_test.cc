#include "runtime/sim.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "runtime/context.h"
#include "runtime/rand.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec::runtime {
namespace {

using namespace std::chrono_literals;

// Some fibers that race over channels and time; returns who came first.
std::string Race() {
  std::string order;
  Chan<int> results;
  for (int i = 0; i < 5; ++i) {
    Go([&results, i] {
      Yield();
      Sleep(std::chrono::milliseconds(ThreadRand().Below(3)));
      results.Send(i);
    });
  }
  for (int i = 0; i < 5; ++i) order += std::to_string(*results.Receive());
  return order;
}

TEST(Simulation, OneSeedGivesOneRun) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::string first;
    std::string second;
    const sim::Outcome a = sim::Run(seed, [&] { first = Race(); });
    const sim::Outcome b = sim::Run(seed, [&] { second = Race(); });
    EXPECT_EQ(a.trace_hash, b.trace_hash);
    EXPECT_EQ(a.steps, b.steps);
    EXPECT_EQ(a.elapsed, b.elapsed);
    EXPECT_EQ(first, second);
  }
}

TEST(Simulation, SeedsDiffer) {
  std::set<uint64_t> traces;
  std::set<std::string> orders;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    std::string order;
    traces.insert(sim::Run(seed, [&] { order = Race(); }).trace_hash);
    orders.insert(order);
  }
  EXPECT_EQ(traces.size(), 50u);
  EXPECT_GT(orders.size(), 20u);
}

TEST(Simulation, TheClockJumpsWhenAllWait) {
  const sim::Outcome outcome = sim::Run(1, [] {
    const int64_t begin = NanoTime();
    const int64_t wall = WallNanos();
    EXPECT_EQ(wall, kSimulationEpochNanos);
    Sleep(24h);
    EXPECT_EQ(NanoTime() - begin, std::chrono::nanoseconds(24h).count());
    EXPECT_EQ(WallNanos() - wall, std::chrono::nanoseconds(24h).count());
  });
  EXPECT_EQ(outcome.elapsed, std::chrono::nanoseconds(24h).count());
}

TEST(Simulation, TheContextEndsWithTheBody) {
  Context kept;
  sim::Run(3, [&](Context ctx) {
    EXPECT_FALSE(ctx.IsDone());
    EXPECT_TRUE(sim::Active());
    EXPECT_EQ(sim::Seed(), 3u);
    kept = ctx;
  });
  EXPECT_TRUE(kept.IsDone());
  EXPECT_FALSE(sim::Active());
}

TEST(Simulation, ObservationsCountInTheTrace) {
  auto run = [](uint64_t value) { return sim::Run(1, [=] { sim::Trace(value); }).trace_hash; };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

TEST(Simulation, ExceptionsLeaveIt) {
  EXPECT_THROW(sim::Run(1, [] { throw std::string("x"); }), std::string);
}

XEBEC_SIM_TEST(Simulation, BlockingRunsInline) {
  EXPECT_EQ(Blocking([] { return 3; }), 3);
  EXPECT_EQ(Procs(), 1);
}

XEBEC_SIM_TEST(Simulation, WaitGroupsWork) {
  WaitGroup group;
  int sum = 0;
  for (int i = 1; i <= 10; ++i) {
    group.Add(1);
    Go([&, i] {
      Sleep(std::chrono::seconds(i));
      sum += i;
      group.Done();
    });
  }
  group.Wait();
  EXPECT_EQ(sum, 55);
}

XEBEC_SIM_TEST(Simulation, WaitUntilAllBlockedReturnsWhenTheOthersWait) {
  Chan<int> channel;
  bool received = false;
  Go([&] {
    Yield();
    received = channel.Receive().has_value();
  });
  int spins = 0;
  Go([&] {
    for (; spins < 50; ++spins) Yield();
  });
  testing::WaitUntilAllBlocked();
  EXPECT_EQ(spins, 50);
  EXPECT_FALSE(received);
  channel.Send(1);
  testing::WaitUntilAllBlocked();
  EXPECT_TRUE(received);
}

TEST(SimulationTesting, AFailureNamesItsSeed) {
  const std::string report = testing::RunSimTestBody(
      [] {
        if (sim::Seed() == 4) throw std::string("boom");
      },
      [] { return false; });
  EXPECT_NE(report.find("XEBEC_SEED=4"), std::string::npos) << report;
}

TEST(SimulationTesting, ALeakedFiberIsReported) {
  const std::string report = testing::RunSimTestBody(
      [] {
        Chan<int> channel;
        GoNamed("stuck", [channel]() mutable { channel.Receive(); });
      },
      [] { return false; });
  EXPECT_NE(report.find("stuck"), std::string::npos) << report;
}

}  // namespace
}  // namespace xebec::runtime
