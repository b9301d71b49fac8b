#include "runtime/sync/once.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>

#include "runtime/sched/fiber.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec::runtime {
namespace {

XEBEC_TEST(Once, RunsItsBodyOnce) {
  Once once;
  std::atomic<int> runs{0};
  WaitGroup fibers;
  for (int i = 0; i < 20; ++i) {
    fibers.Go([&] {
      once.Do([&] {
        Yield();
        ++runs;
      });
      EXPECT_EQ(runs, 1);
    });
  }
  fibers.Wait();
  EXPECT_EQ(runs, 1);
}

XEBEC_TEST(Once, OthersWaitForTheEndOfTheRun) {
  Once once;
  std::atomic<bool> ended{false};
  Chan<Unit> go_on;
  WaitGroup fibers;
  fibers.Go([&] {
    once.Do([&] {
      go_on.Receive();
      ended = true;
    });
  });
  testing::WaitUntilAllBlocked();
  fibers.Go([&] {
    once.Do([] { FAIL() << "ran twice"; });
    EXPECT_TRUE(ended);
  });
  testing::WaitUntilAllBlocked();
  EXPECT_FALSE(ended);
  go_on.Send({});
  fibers.Wait();
}

XEBEC_TEST(Once, AThrowingBodyCountsAsRun) {
  Once once;
  EXPECT_THROW(once.Do([] { throw std::runtime_error("no"); }), std::runtime_error);
  bool ran = false;
  once.Do([&] { ran = true; });
  EXPECT_FALSE(ran);
}

XEBEC_TEST(OnceValue, ComputesOnceAndReturnsTheSame) {
  int runs = 0;
  OnceValue value([&] { return std::to_string(++runs); });
  EXPECT_EQ(value(), "1");
  EXPECT_EQ(value(), "1");
  EXPECT_EQ(&value(), &value());
  EXPECT_EQ(runs, 1);
}

XEBEC_TEST(OnceValue, ThrowsTheSameToEveryCaller) {
  int runs = 0;
  OnceValue value([&]() -> int { throw std::runtime_error("run " + std::to_string(++runs)); });
  for (int i = 0; i < 3; ++i) {
    try {
      value();
      FAIL();
    } catch (const std::runtime_error& e) {
      EXPECT_STREQ(e.what(), "run 1");
    }
  }
}

}  // namespace
}  // namespace xebec::runtime
