#include "runtime/sync/wait_group.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "runtime/sched/fiber.h"
#include "runtime/sched/timer.h"
#include "runtime/testing.h"
#include "tests/runtime/sync/test_util.h"

namespace xebec::runtime {
namespace {

using namespace std::chrono_literals;

XEBEC_TEST(WaitGroup, WaitReturnsWhenAllAreDone) {
  WaitGroup group;
  std::atomic<int> done{0};
  for (int i = 0; i < 100; ++i) {
    group.Go([&] {
      Yield();
      ++done;
    });
  }
  group.Wait();
  EXPECT_EQ(done, 100);
  group.Wait();  // at zero it returns at once
}

XEBEC_TEST(WaitGroup, WaitWakesEveryWaiter) {
  WaitGroup work;
  work.Add(1);
  WaitGroup waiters;
  std::atomic<int> woken{0};
  for (int i = 0; i < 10; ++i) {
    waiters.Go([&] {
      work.Wait();
      ++woken;
    });
  }
  testing::WaitUntilAllBlocked();
  EXPECT_EQ(woken, 0);
  work.Done();
  waiters.Wait();
  EXPECT_EQ(woken, 10);
}

XEBEC_TEST(WaitGroup, ANegativeCounterPanics) {
  WaitGroup group;
  EXPECT_TRUE(PanicsWith("negative WaitGroup counter", [&] { group.Done(); }));
  WaitGroup other;
  other.Add(2);
  EXPECT_TRUE(PanicsWith("negative WaitGroup counter", [&] { other.Add(-3); }));
}

XEBEC_TEST(WaitGroup, CanBeUsedAgain) {
  WaitGroup group;
  for (int round = 0; round < 100; ++round) {
    std::atomic<int> done{0};
    for (int i = 0; i < 4; ++i) group.Go([&] { ++done; });
    group.Wait();
    ASSERT_EQ(done, 4);
  }
}

XEBEC_TEST(WaitGroup, TasksMayAddTasks) {
  WaitGroup group;
  std::atomic<int> done{0};
  group.Go([&] {
    for (int i = 0; i < 10; ++i) group.Go([&] { ++done; });
    ++done;
  });
  group.Wait();
  EXPECT_EQ(done, 11);
}

XEBEC_TEST(WaitGroup, AWaiterMayDestroyIt) {
  for (int round = 0; round < 3000; ++round) {
    auto group = std::make_unique<WaitGroup>();
    group->Add(2);
    for (int i = 0; i < 2; ++i) Go([g = group.get()] { g->Done(); });
    group->Wait();
    group.reset();
  }
}

XEBEC_SIM_TEST(WaitGroup, LosesNoWakeUp) {
  WaitGroup group;
  WaitGroup waiters;
  int done = 0;
  for (int i = 0; i < 6; ++i) {
    group.Go([&, i] {
      if (i % 2 == 0) Yield();
      if (i % 3 == 0) Sleep(1ms);
      ++done;
    });
  }
  for (int i = 0; i < 4; ++i) {
    waiters.Go([&] {
      group.Wait();
      EXPECT_EQ(done, 6);
    });
  }
  waiters.Wait();
}

// A task that panics ends the process, as every fiber that does; Wait must not return before.
TEST(WaitGroupDeathTest, APanicInATaskEndsTheProcess) {
  EXPECT_DEATH(
      {
        testing::RunTestBody([] {
          WaitGroup group;
          group.Go([] { ThrowPanic("task failed"); });
          group.Wait();
          fprintf(stderr, "Wait returned\n");
          _exit(0);
        });
      },
      "task failed");
}

}  // namespace
}  // namespace xebec::runtime
