#include "runtime/sync/rwmutex.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <shared_mutex>

#include "runtime/sched/fiber.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "tests/runtime/sync/test_util.h"

namespace xebec::runtime {
namespace {

using namespace std::chrono_literals;

XEBEC_TEST(RWMutex, ReadersRunConcurrently) {
  RWMutex mutex;
  constexpr int kReaders = 4;
  // Each reader stays inside until all are: they could not if one kept another out.
  WaitGroup inside;
  inside.Add(kReaders);
  WaitGroup readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.Go([&] {
      std::shared_lock lock(mutex);
      inside.Done();
      inside.Wait();
    });
  }
  readers.Wait();
}

XEBEC_TEST(RWMutex, AWaitingWriterBlocksNewReaders) {
  RWMutex mutex;
  mutex.lock_shared();
  std::atomic<bool> written{false};
  std::atomic<bool> read_before_write{false};
  WaitGroup fibers;
  fibers.Go([&] {
    std::lock_guard lock(mutex);
    written = true;
  });
  testing::WaitUntilAllBlocked();
  EXPECT_FALSE(mutex.try_lock_shared());
  fibers.Go([&] {
    std::shared_lock lock(mutex);
    if (!written) read_before_write = true;
  });
  testing::WaitUntilAllBlocked();
  EXPECT_FALSE(written);
  mutex.unlock_shared();
  fibers.Wait();
  EXPECT_TRUE(written);
  EXPECT_FALSE(read_before_write);
}

XEBEC_TEST(RWMutex, ReadersThatWaitedRunBeforeTheNextWriter) {
  RWMutex mutex;
  std::atomic<int> reads{0};
  int reads_before_second_write = -1;
  WaitGroup fibers;
  mutex.lock();
  for (int i = 0; i < 3; ++i) {
    fibers.Go([&] {
      std::shared_lock lock(mutex);
      ++reads;
    });
  }
  testing::WaitUntilAllBlocked();
  fibers.Go([&] {
    std::lock_guard lock(mutex);
    reads_before_second_write = reads;
  });
  testing::WaitUntilAllBlocked();
  mutex.unlock();
  fibers.Wait();
  EXPECT_EQ(reads_before_second_write, 3);
}

XEBEC_TEST(RWMutex, TryLocksNeverWait) {
  RWMutex mutex;
  ASSERT_TRUE(mutex.try_lock_shared());
  EXPECT_TRUE(mutex.try_lock_shared());
  EXPECT_FALSE(mutex.try_lock());
  mutex.unlock_shared();
  mutex.unlock_shared();
  ASSERT_TRUE(mutex.try_lock());
  EXPECT_FALSE(mutex.try_lock_shared());
  EXPECT_FALSE(mutex.try_lock());
  mutex.unlock();
}

XEBEC_TEST(RWMutex, ReleasingWhatIsNotHeldPanics) {
  RWMutex mutex;
  EXPECT_TRUE(PanicsWith("unlock of an unlocked RWMutex", [&] { mutex.unlock(); }));
  EXPECT_TRUE(PanicsWith("no reader holds", [&] { mutex.unlock_shared(); }));
  mutex.lock();
  EXPECT_TRUE(PanicsWith("no reader holds", [&] { mutex.unlock_shared(); }));
  mutex.unlock();
  mutex.lock_shared();
  EXPECT_TRUE(PanicsWith("unlock of an unlocked RWMutex", [&] { mutex.unlock(); }));
  mutex.unlock_shared();
  EXPECT_TRUE(mutex.try_lock());
  mutex.unlock();
}

template <class Pause>
void Hammer(int fibers, int rounds, Pause pause) {
  RWMutex mutex;
  std::atomic<int> activity{0};  // readers, or 10000 for a writer
  WaitGroup all;
  for (int f = 0; f < fibers; ++f) {
    all.Go([&, f] {
      for (int i = 0; i < rounds; ++i) {
        if ((i + f) % 4 == 0) {
          mutex.lock();
          EXPECT_EQ(activity.fetch_add(10000), 0);
          pause(i);
          activity.fetch_sub(10000);
          mutex.unlock();
        } else {
          mutex.lock_shared();
          EXPECT_LT(activity.fetch_add(1), 10000);
          pause(i);
          activity.fetch_sub(1);
          mutex.unlock_shared();
        }
      }
    });
  }
  all.Wait();
  EXPECT_EQ(activity, 0);
}

XEBEC_TEST(RWMutex, KeepsWritersAloneUnderLoad) {
  Hammer(8, 1000, [](int i) {
    if (i % 16 == 0) Yield();
  });
}

XEBEC_SIM_TEST(RWMutex, LosesNoWakeUp) {
  Hammer(5, 30, [](int i) {
    if (i % 3 == 0) Yield();
    if (i % 13 == 0) Sleep(1ms);
  });
}

}  // namespace
}  // namespace xebec::runtime
