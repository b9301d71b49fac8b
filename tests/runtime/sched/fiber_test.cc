#include "runtime/sched/fiber.h"

#include <errno.h>

#include <array>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/main.h"
#include "runtime/panic.h"
#include "runtime/sched/dump.h"
#include "runtime/testing.h"

namespace xebec::runtime {
namespace {

// Waits until `counter` is `n`, letting others run.
void AwaitCount(const std::atomic<int>& counter, int n) {
  while (counter.load(std::memory_order_acquire) < n) Yield();
}

XEBEC_TEST(Fiber, RunsItsFunction) {
  std::atomic<int> done{0};
  Go([&] { done.fetch_add(1, std::memory_order_release); });
  AwaitCount(done, 1);
}

XEBEC_TEST(Fiber, HundredThousandAreSpawnedAndJoined) {
#ifdef XEBEC_TSAN
  constexpr int kFibers = 5000;  // GCC's TSan holds about 8,000
#else
  constexpr int kFibers = 100000;
#endif
  std::atomic<int> done{0};
  for (int i = 0; i < kFibers; ++i) {
    Go([&] { done.fetch_add(1, std::memory_order_release); });
  }
  AwaitCount(done, kFibers);
  EXPECT_TRUE(testing::WaitForFiberCount(1));
}

XEBEC_TEST(Fiber, LargeAndSmallFunctionObjectsAreDestroyedOnce) {
  auto token = std::make_shared<int>(1);
  std::atomic<int> done{0};
  std::array<char, 500> large{};
  large[499] = 7;
  Go([token, &done] { done.fetch_add(1, std::memory_order_release); });
  Go([token, &done, large] { done.fetch_add(large[499], std::memory_order_release); });
  AwaitCount(done, 8);
  ASSERT_TRUE(testing::WaitForFiberCount(1));
  EXPECT_EQ(token.use_count(), 1);
}

XEBEC_TEST(Fiber, MoveOnlyFunctionsAreTaken) {
  auto value = std::make_unique<int>(5);
  std::atomic<int> seen{0};
  Go([value = std::move(value), &seen] { seen.store(*value, std::memory_order_release); });
  AwaitCount(seen, 5);
}

XEBEC_TEST(Fiber, HasItsNameAndId) {
  std::atomic<int> done{0};
  std::string name;
  std::string unnamed;
  FiberId id = 0;
  GoNamed("reflector of pods", [&] {
    name = CurrentFiberName();
    done.fetch_add(1, std::memory_order_release);
  });
  AwaitCount(done, 1);
  Go([&] {
    unnamed = CurrentFiberName();
    id = CurrentFiberId();
    done.fetch_add(1, std::memory_order_release);
  });
  AwaitCount(done, 2);
  EXPECT_EQ(name, "reflector of pods");
  EXPECT_EQ(unnamed, "fiber " + std::to_string(id));
  EXPECT_EQ(CurrentFiberName(), "main");
}

XEBEC_TEST(Fiber, LongNamesAreCut) {
  std::atomic<int> done{0};
  std::string name;
  GoNamed(std::string(200, 'x'), [&] {
    name = CurrentFiberName();
    done.store(1, std::memory_order_release);
  });
  AwaitCount(done, 1);
  EXPECT_EQ(name, std::string(63, 'x'));
}

TEST(Fiber, OutsideOfFibersThereIsNoId) {
  EXPECT_FALSE(OnFiber());
  EXPECT_EQ(CurrentFiberId(), 0u);
  EXPECT_EQ(CurrentFiberName(), "thread");
}

XEBEC_TEST(Fiber, YieldLetsEveryOtherFiberOfTheProcessorRun) {
  SetProcs(1);
  std::vector<int> order;
  std::atomic<int> done{0};
  for (int fiber = 0; fiber < 3; ++fiber) {
    Go([&, fiber] {
      for (int round = 0; round < 3; ++round) {
        order.push_back(fiber);
        Yield();
      }
      done.fetch_add(1, std::memory_order_release);
    });
  }
  AwaitCount(done, 3);
  // The last one started runs first (runnext); then all in turn.
  EXPECT_EQ(order, (std::vector<int>{2, 0, 1, 2, 0, 1, 2, 0, 1}));
  SetProcs(4);
}

// Exceptions in flight: each fiber's are its own, whatever thread it wakes on.
XEBEC_TEST(Fiber, ExceptionsSurviveSwitches) {
  std::atomic<int> done{0};
  for (int i = 0; i < 200; ++i) {
    Go([&, i] {
      for (int round = 0; round < 20; ++round) {
        try {
          Yield();
          throw std::runtime_error("fiber " + std::to_string(i));
        } catch (const std::runtime_error& outer) {
          Yield();
          try {
            throw std::logic_error("inner " + std::to_string(i));
          } catch (const std::logic_error& inner) {
            Yield();
            EXPECT_EQ(inner.what(), "inner " + std::to_string(i));
          }
          Yield();
          EXPECT_EQ(outer.what(), "fiber " + std::to_string(i));
          try {
            throw;
          } catch (const std::runtime_error& again) {
            EXPECT_EQ(again.what(), "fiber " + std::to_string(i));
          }
        }
        EXPECT_EQ(std::uncaught_exceptions(), 0);
      }
      done.fetch_add(1, std::memory_order_release);
    });
  }
  AwaitCount(done, 200);
}

struct YieldsWhileUnwinding {
  ~YieldsWhileUnwinding() {
    EXPECT_EQ(std::uncaught_exceptions(), 1);
    Yield();
    EXPECT_EQ(std::uncaught_exceptions(), 1);
  }
};

XEBEC_TEST(Fiber, UncaughtCountBelongsToTheFiber) {
  std::atomic<int> done{0};
  for (int i = 0; i < 100; ++i) {
    Go([&] {
      try {
        YieldsWhileUnwinding guard;
        throw 1;
      } catch (int) {
      }
      EXPECT_EQ(std::uncaught_exceptions(), 0);
      done.fetch_add(1, std::memory_order_release);
    });
  }
  AwaitCount(done, 100);
}

// Not inlined, so that the address of errno is not kept across a switch.
[[gnu::noinline]] void SetErrno(int value) { errno = value; }
[[gnu::noinline]] int GetErrno() { return errno; }

XEBEC_TEST(Fiber, ErrnoTravelsWithTheFiber) {
  std::atomic<int> done{0};
  for (int i = 1; i <= 100; ++i) {
    Go([&, i] {
      for (int round = 0; round < 50; ++round) {
        SetErrno(i);
        Yield();
        EXPECT_EQ(GetErrno(), i);
      }
      done.fetch_add(1, std::memory_order_release);
    });
  }
  AwaitCount(done, 100);
}

FiberLocal<std::vector<int>> local_numbers;

XEBEC_TEST(Fiber, LocalValuesBelongToTheFiber) {
  std::atomic<int> done{0};
  for (int i = 0; i < 10; ++i) {
    Go([&, i] {
      local_numbers->push_back(i);
      Yield();
      EXPECT_EQ(local_numbers.Get(), std::vector<int>{i});
      done.fetch_add(1, std::memory_order_release);
    });
  }
  AwaitCount(done, 10);
  EXPECT_TRUE(local_numbers->empty());
}

XEBEC_TEST(Fiber, DeepStacksAreThere) {
  std::atomic<int> done{0};
  Go([&] {
    volatile char deep[200 * 1024];
    for (size_t i = 0; i < sizeof(deep); i += 4096) deep[i] = 1;
    done.store(deep[0], std::memory_order_release);
  });
  AwaitCount(done, 1);
}

TEST(Scheduler, RethrowsWhatLeavesTheBody) {
  EXPECT_THROW(RunScheduler([] { throw std::runtime_error("out"); }), std::runtime_error);
  EXPECT_THROW(Go([] {}), Panic);
}

TEST(Testing, AFiberLeftBehindIsReportedWithNameAndPlace) {
  std::atomic<bool> stop{false};
  const std::string report = testing::RunTestBody([&] {
    GoNamed("forgotten", [&] {
      while (!stop.load(std::memory_order_acquire)) Yield();
    });
  });
  EXPECT_NE(report.find("left 1 fiber running"), std::string::npos) << report;
  EXPECT_NE(report.find("forgotten"), std::string::npos) << report;
  EXPECT_NE(report.find("fiber_test.cc:"), std::string::npos) << report;
  stop.store(true, std::memory_order_release);
  EXPECT_EQ(testing::RunTestBody([] { EXPECT_TRUE(testing::WaitForFiberCount(1)); }), "");
}

TEST(Testing, APanicInTheBodyIsReportedWithItsStack) {
  const std::string report = testing::RunTestBody([] { ThrowPanic("out of luck"); });
  EXPECT_NE(report.find("panic in main: out of luck"), std::string::npos) << report;
  EXPECT_NE(report.find("fiber_test.cc"), std::string::npos) << report;
}

}  // namespace
}  // namespace xebec::runtime
