#include "runtime/sync/mutex.h"

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <vector>

#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/rwmutex.h"
#include "runtime/sync/semaphore.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "tests/runtime/sync/test_util.h"

namespace xebec::runtime {
namespace {

using namespace std::chrono_literals;

// What holds for every lock, whatever else it can do.
class SemaphoreLock {
 public:
  void lock() { semaphore_.Acquire(); }
  void unlock() { semaphore_.Release(); }
  bool try_lock() { return semaphore_.TryAcquire(); }

 private:
  Semaphore semaphore_{1};
};

template <class Lock>
class AnyLock : public ::testing::Test {};
using Locks = ::testing::Types<Mutex, RWMutex, SemaphoreLock>;
TYPED_TEST_SUITE(AnyLock, Locks);

#define ANY_LOCK_TEST(name)                                                      \
  template <class Lock>                                                          \
  void AnyLock##name();                                                          \
  TYPED_TEST(AnyLock, name) {                                                    \
    const std::string failure = testing::RunTestBody(&AnyLock##name<TypeParam>); \
    if (!failure.empty()) ADD_FAILURE() << failure;                              \
  }                                                                              \
  template <class Lock>                                                          \
  void AnyLock##name()

ANY_LOCK_TEST(KeepsFibersOutOfOneAnothersWay) {
  Lock lock;
  int64_t total = 0;
  WaitGroup fibers;
  for (int f = 0; f < 8; ++f) {
    fibers.Go([&] {
      for (int i = 0; i < 2000; ++i) {
        std::lock_guard hold(lock);
        total = total + 1;
        if (i % 100 == 0) Yield();
      }
    });
  }
  fibers.Wait();
  EXPECT_EQ(total, 16000);
}

ANY_LOCK_TEST(TryLockFailsWhileItIsHeld) {
  Lock lock;
  ASSERT_TRUE(lock.try_lock());
  EXPECT_FALSE(lock.try_lock());
  lock.unlock();
  EXPECT_TRUE(lock.try_lock());
  lock.unlock();
}

ANY_LOCK_TEST(BlocksTheFiberAndNotItsThread) {
  SetProcs(1);
  Lock lock;
  lock.lock();
  bool waiter_ran = false;
  bool other_ran = false;
  WaitGroup fibers;
  fibers.Go([&] {
    std::lock_guard hold(lock);
    waiter_ran = true;
  });
  testing::WaitUntilAllBlocked();
  fibers.Go([&] { other_ran = true; });
  while (!other_ran) Yield();
  EXPECT_FALSE(waiter_ran);
  lock.unlock();
  fibers.Wait();
  EXPECT_TRUE(waiter_ran);
}

ANY_LOCK_TEST(UnlockOfAnUnlockedLockPanics) {
  Lock lock;
  EXPECT_NE(PanicOf([&] { lock.unlock(); }), "");
  // And it can be used after that.
  std::lock_guard hold(lock);
}

ANY_LOCK_TEST(MayBeUnlockedByAnotherFiber) {
  Lock lock;
  lock.lock();
  WaitGroup fibers;
  fibers.Go([&] { lock.unlock(); });
  lock.lock();
  lock.unlock();
  fibers.Wait();
}

XEBEC_TEST(Mutex, WorksWithTheStandardsGuards) {
  Mutex a;
  Mutex b;
  {
    std::scoped_lock both(a, b);
    EXPECT_FALSE(a.try_lock());
    EXPECT_FALSE(b.try_lock());
  }
  std::unique_lock lock(a, std::try_to_lock);
  EXPECT_TRUE(lock.owns_lock());
  lock.unlock();
  EXPECT_TRUE(b.try_lock());
  b.unlock();
}

XEBEC_TEST(Mutex, UnlockOfAnUnlockedMutexSaysSo) {
  Mutex mutex;
  EXPECT_TRUE(PanicsWith("unlock of an unlocked Mutex", [&] { mutex.unlock(); }));
}

static_assert(!std::is_copy_constructible_v<Mutex> && !std::is_move_constructible_v<Mutex>);

// A fiber takes the mutex again the moment it gave it back, over and over; one that waits would
// never get it if ownership were not handed to it after a millisecond.
XEBEC_SIM_TEST(Mutex, HandsOverAfterAMillisecondOfStarvation) {
  Mutex mutex;
  bool stop = false;
  WaitGroup fibers;
  fibers.Go([&] {
    while (!stop) {
      std::lock_guard hold(mutex);
      Sleep(100us);
    }
  });
  for (int round = 0; round < 10; ++round) {
    Sleep(150us);
    const int64_t start = NanoTime();
    std::lock_guard hold(mutex);
    EXPECT_LE(NanoTime() - start, 1'500'000) << "round " << round;
  }
  stop = true;
  fibers.Wait();
}

// While the mutex starves, newcomers queue and waiters are served in the order they came.
XEBEC_SIM_TEST(Mutex, ServesStarvingWaitersInOrder) {
  Mutex mutex;
  std::vector<int> order;
  WaitGroup fibers;
  mutex.lock();
  for (int i = 0; i < 6; ++i) {
    fibers.Go([&, i] {
      std::lock_guard hold(mutex);
      order.push_back(i);
      Sleep(2ms);
    });
    Sleep(10us);  // so that they queue in this order
  }
  Sleep(5ms);
  mutex.unlock();
  fibers.Wait();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5}));
}

// A lost wake-up would leave fibers asleep, which ends a simulation with a report.
XEBEC_SIM_TEST(Mutex, LosesNoWakeUp) {
  Mutex mutex;
  int inside = 0;
  int64_t total = 0;
  WaitGroup fibers;
  for (int f = 0; f < 5; ++f) {
    fibers.Go([&, f] {
      for (int i = 0; i < 40; ++i) {
        if ((i + f) % 7 == 0) {
          if (!mutex.try_lock()) continue;
        } else {
          mutex.lock();
        }
        EXPECT_EQ(++inside, 1);
        ++total;
        if (i % 9 == 0) Yield();
        if (i % 31 == 0) Sleep(700us);
        --inside;
        mutex.unlock();
        if (i % 5 == 0) Yield();
      }
    });
  }
  fibers.Wait();
  EXPECT_GT(total, 150);
}

// The last one to need it frees it, while the unlock of another may still be on its way out.
XEBEC_TEST(Mutex, MayBeDestroyedByItsLastUser) {
  for (int round = 0; round < 2000; ++round) {
    struct Shared {
      Mutex mutex;
      int users = 3;
    };
    auto* shared = new Shared;
    WaitGroup fibers;
    for (int f = 0; f < 3; ++f) {
      fibers.Go([shared] {
        shared->mutex.lock();
        const bool last = --shared->users == 0;
        shared->mutex.unlock();
        if (last) delete shared;
      });
    }
    fibers.Wait();
  }
}

}  // namespace
}  // namespace xebec::runtime
