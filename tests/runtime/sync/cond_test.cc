#include "runtime/sync/cond.h"

#include <gtest/gtest.h>

#include <deque>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "runtime/context.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/rwmutex.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "tests/runtime/sync/test_util.h"

namespace xebec::runtime {
namespace {

using namespace std::chrono_literals;

XEBEC_TEST(Cond, SignalWakesOneInTheOrderOfArrival) {
  Mutex mutex;
  Cond cond;
  std::vector<int> woken;
  WaitGroup fibers;
  for (int i = 0; i < 3; ++i) {
    fibers.Go([&, i] {
      std::unique_lock lock(mutex);
      cond.Wait(lock);
      woken.push_back(i);
    });
    testing::WaitUntilAllBlocked();
  }
  for (int i = 0; i < 3; ++i) {
    cond.Signal();
    testing::WaitUntilAllBlocked();
    std::lock_guard lock(mutex);
    EXPECT_EQ(woken.size(), static_cast<size_t>(i + 1));
  }
  fibers.Wait();
  EXPECT_EQ(woken, (std::vector<int>{0, 1, 2}));
}

XEBEC_TEST(Cond, BroadcastWakesAllThatWait) {
  Mutex mutex;
  Cond cond;
  int woken = 0;
  WaitGroup fibers;
  for (int i = 0; i < 10; ++i) {
    fibers.Go([&] {
      std::unique_lock lock(mutex);
      cond.Wait(lock);
      ++woken;
    });
  }
  testing::WaitUntilAllBlocked();
  cond.Broadcast();
  fibers.Wait();
  EXPECT_EQ(woken, 10);
  cond.Signal();  // nobody waits: nothing happens
  cond.Broadcast();
}

// Signalled only after Wait has given the lock back: it was queued before that.
template <class Lock>
void HandsOver(Lock& lock) {
  Cond cond;
  bool ready = false;
  WaitGroup fibers;
  fibers.Go([&] {
    lock.lock();
    cond.Wait(lock, [&] { return ready; });
    lock.unlock();
  });
  testing::WaitUntilAllBlocked();
  lock.lock();
  ready = true;
  lock.unlock();
  cond.Signal();
  fibers.Wait();
}

XEBEC_TEST(Cond, WorksOverAnyLock) {
  Mutex mutex;
  HandsOver(mutex);
  RWMutex rwmutex;
  HandsOver(rwmutex);
  std::unique_lock unique(mutex, std::defer_lock);
  {
    // A std::shared_lock: the condition is read under a read lock.
    Cond cond;
    bool ready = false;
    WaitGroup fibers;
    fibers.Go([&] {
      std::shared_lock lock(rwmutex);
      cond.Wait(lock, [&] { return ready; });
    });
    testing::WaitUntilAllBlocked();
    {
      std::lock_guard lock(rwmutex);
      ready = true;
    }
    cond.Broadcast();
    fibers.Wait();
  }
}

XEBEC_TEST(Cond, WaitWithoutTheLockPanicsAndLeavesNoWaiter) {
  Mutex mutex;
  Cond cond;
  EXPECT_TRUE(PanicsWith("unlock of an unlocked Mutex", [&] { cond.Wait(mutex); }));
  cond.Signal();
  cond.Broadcast();
}

XEBEC_TEST(Cond, WaitEndsWithItsContext) {
  Mutex mutex;
  Cond cond;
  auto [ctx, cancel] = Context::WithCancel(Context::Background());
  WaitGroup fibers;
  fibers.Go([&, &ctx = ctx] {
    std::unique_lock lock(mutex);
    EXPECT_FALSE(cond.Wait(ctx, lock));
    EXPECT_TRUE(lock.owns_lock());
    EXPECT_FALSE(cond.Wait(ctx, lock));  // it has ended already
  });
  testing::WaitUntilAllBlocked();
  cancel();
  fibers.Wait();
}

// Items are handed out by Signal, one each, while contexts of waiters end: none may be forgotten.
XEBEC_SIM_TEST(Cond, LosesNoSignalToACancelledWaiter) {
  Mutex mutex;
  Cond cond;
  std::deque<int> items;
  bool closed = false;
  int taken = 0;
  WaitGroup workers;
  std::vector<CancelFunc> cancels;
  for (int w = 0; w < 4; ++w) {
    auto [ctx, cancel] = Context::WithCancel(Context::Background());
    // The last one is not cancelled: it must come to see every item the others leave.
    if (w < 3) cancels.push_back(cancel);
    workers.Go([&, ctx = ctx] {
      std::unique_lock lock(mutex);
      for (;;) {
        bool go_on = true;
        while (items.empty() && !closed && go_on) go_on = cond.Wait(ctx, lock);
        if (items.empty() && (closed || !go_on)) return;
        items.pop_front();
        ++taken;
      }
    });
  }
  WaitGroup others;
  others.Go([&] {
    for (const CancelFunc& cancel : cancels) {
      Yield();
      Yield();
      cancel();
    }
  });
  for (int i = 0; i < 20; ++i) {
    {
      std::lock_guard lock(mutex);
      items.push_back(i);
    }
    cond.Signal();
    if (i % 3 == 0) Yield();
  }
  others.Wait();
  Sleep(1ms);  // virtual: all have gone to sleep
  {
    std::lock_guard lock(mutex);
    EXPECT_EQ(taken, 20);
    closed = true;
  }
  cond.Broadcast();
  workers.Wait();
}

// The classic bounded buffer; a lost wake-up would leave it asleep.
XEBEC_SIM_TEST(Cond, LosesNoWakeUp) {
  Mutex mutex;
  Cond not_full;
  Cond not_empty;
  std::deque<int> buffer;
  constexpr int kEach = 25;
  int received = 0;
  WaitGroup fibers;
  for (int p = 0; p < 3; ++p) {
    fibers.Go([&] {
      for (int i = 0; i < kEach; ++i) {
        std::unique_lock lock(mutex);
        not_full.Wait(lock, [&] { return buffer.size() < 2; });
        buffer.push_back(i);
        lock.unlock();
        not_empty.Signal();
      }
    });
    fibers.Go([&] {
      for (int i = 0; i < kEach; ++i) {
        std::unique_lock lock(mutex);
        not_empty.Wait(lock, [&] { return !buffer.empty(); });
        buffer.pop_front();
        ++received;
        lock.unlock();
        not_full.Signal();
      }
    });
  }
  fibers.Wait();
  EXPECT_EQ(received, 3 * kEach);
}

}  // namespace
}  // namespace xebec::runtime
