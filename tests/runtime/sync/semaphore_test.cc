#include "runtime/sync/semaphore.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "runtime/context.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "tests/runtime/sync/test_util.h"

namespace xebec::runtime {
namespace {

using namespace std::chrono_literals;

XEBEC_TEST(Semaphore, LetsOnlySoManyIn) {
  Semaphore semaphore(3);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  WaitGroup fibers;
  for (int i = 0; i < 20; ++i) {
    fibers.Go([&] {
      semaphore.Acquire();
      int now = ++inside;
      int seen = most;
      while (seen < now && !most.compare_exchange_weak(seen, now)) {
      }
      Yield();
      --inside;
      semaphore.Release();
    });
  }
  fibers.Wait();
  EXPECT_LE(most, 3);
  EXPECT_TRUE(semaphore.TryAcquire(3));
  semaphore.Release(3);
}

XEBEC_TEST(Semaphore, SmallRequestsDoNotOvertakeALargeOne) {
  Semaphore semaphore(4);
  semaphore.Acquire(3);
  std::vector<int> order;
  WaitGroup fibers;
  fibers.Go([&] {
    semaphore.Acquire(4);
    order.push_back(4);
    semaphore.Release(4);
  });
  testing::WaitUntilAllBlocked();
  EXPECT_FALSE(semaphore.TryAcquire(1));  // there is one, but it is another's
  fibers.Go([&] {
    semaphore.Acquire(1);
    order.push_back(1);
    semaphore.Release(1);
  });
  testing::WaitUntilAllBlocked();
  semaphore.Release(3);
  fibers.Wait();
  EXPECT_EQ(order, (std::vector<int>{4, 1}));
}

XEBEC_TEST(Semaphore, AWaitEndsWithItsContextAndLetsOthersPass) {
  Semaphore semaphore(2);
  semaphore.Acquire(1);
  auto [ctx, cancel] = Context::WithCancel(Context::Background());
  WaitGroup fibers;
  fibers.Go([&, &ctx = ctx] { EXPECT_FALSE(semaphore.Acquire(ctx, 2)); });
  testing::WaitUntilAllBlocked();
  fibers.Go([&] {
    semaphore.Acquire(1);  // waits behind the large one
    semaphore.Release(1);
  });
  testing::WaitUntilAllBlocked();
  cancel();
  fibers.Wait();
  semaphore.Release(1);
  EXPECT_TRUE(semaphore.TryAcquire(2));
}

XEBEC_TEST(Semaphore, AwkwardUsesPanic) {
  EXPECT_TRUE(PanicsWith("at least 1", [] { Semaphore none(0); }));
  Semaphore semaphore(2);
  EXPECT_TRUE(PanicsWith("3 units asked of a Semaphore of 2", [&] { semaphore.Acquire(3); }));
  EXPECT_TRUE(PanicsWith("0 units", [&] { semaphore.TryAcquire(0); }));
  EXPECT_TRUE(PanicsWith("more often than acquired", [&] { semaphore.Release(); }));
}

XEBEC_SIM_TEST(Semaphore, LosesNoWakeUp) {
  Semaphore semaphore(3);
  int units = 0;
  WaitGroup fibers;
  for (int f = 0; f < 6; ++f) {
    fibers.Go([&, f] {
      for (int i = 0; i < 20; ++i) {
        const int n = 1 + (i + f) % 3;
        if ((i + f) % 5 == 0) {
          auto [ctx, cancel] = Context::WithTimeout(Context::Background(), 50us);
          if (!semaphore.Acquire(ctx, n)) continue;
        } else {
          semaphore.Acquire(n);
        }
        units += n;
        EXPECT_LE(units, 3);
        if (i % 4 == 0) Sleep(30us);
        units -= n;
        semaphore.Release(n);
      }
    });
  }
  fibers.Wait();
  EXPECT_EQ(units, 0);
}

}  // namespace
}  // namespace xebec::runtime
