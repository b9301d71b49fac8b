#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "runtime/main.h"
#include "runtime/panic.h"
#include "runtime/sched/dump.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/internal/proc.h"
#include "runtime/sched/park.h"
#include "runtime/sched/time.h"
#include "runtime/testing.h"

namespace xebec::runtime {
namespace {

using internal::sched;

constexpr int64_t kSecond = 1000LL * 1000 * 1000;

// Lets others run until `done` says so; false after ten seconds.
template <class F>
bool Await(F done) {
  const int64_t limit = NanoTime() + 10 * kSecond;
  while (!done()) {
    if (NanoTime() > limit) return false;
    Yield();
  }
  return true;
}

XEBEC_TEST(Scheduler, FibersAreStolenByIdleProcessors) {
  // One fiber makes many and then does not yield: the others can only run if they are stolen.
  std::atomic<int> ran{0};
  std::atomic<bool> gave_up{false};
  for (int i = 0; i < 100; ++i) {
    Go([&] { ran.fetch_add(1, std::memory_order_relaxed); });
  }
  const int64_t limit = NanoTime() + 10 * kSecond;
  while (ran.load(std::memory_order_relaxed) < 100) {
    if (NanoTime() > limit) {
      gave_up = true;
      break;
    }
  }
  EXPECT_FALSE(gave_up);
  EXPECT_GT(ReadSchedStats().steals, 0u);
}

XEBEC_TEST(Scheduler, TheGlobalQueueIsLookedAtWhileTwoFibersKeepAProcessorBusy) {
  // Two fibers that ready each other would hold the one P for ever; a fiber in the global queue
  // gets its turn at the 61st tick.
  SetProcs(1);
  std::atomic<bool> stop{false};
  std::atomic<int> ended{0};
  for (int i = 0; i < 2; ++i) {
    Go([&] {
      while (!stop.load(std::memory_order_acquire)) Yield();
      ended.fetch_add(1, std::memory_order_release);
    });
  }
  std::thread([&] {
    // A foreign thread has no P: its fiber goes to the global queue.
    Go([&] { stop.store(true, std::memory_order_release); });
  }).join();
  const uint32_t before = CurrentP()->sched_tick.load();
  EXPECT_TRUE(Await([&] { return ended.load(std::memory_order_acquire) == 2; }));
  EXPECT_LT(CurrentP()->sched_tick.load() - before, 61u * 10);
  SetProcs(4);
}

XEBEC_TEST(Scheduler, ALocalQueueThatOverflowsLosesNobody) {
  SetProcs(1);
  std::atomic<int> ran{0};
  for (int i = 0; i < 2000; ++i) {
    Go([&] { ran.fetch_add(1, std::memory_order_relaxed); });
  }
  EXPECT_GT(ReadSchedStats().global_queue, 0);
  EXPECT_TRUE(Await([&] { return ran.load(std::memory_order_relaxed) == 2000; }));
  SetProcs(4);
}

XEBEC_TEST(Scheduler, ProcessorsComeAndGoWhileFibersRun) {
  std::atomic<bool> stop{false};
  std::atomic<int> ended{0};
  std::atomic<uint64_t> work{0};
  constexpr int kFibers = 50;
  for (int i = 0; i < kFibers; ++i) {
    Go([&] {
      while (!stop.load(std::memory_order_acquire)) {
        work.fetch_add(1, std::memory_order_relaxed);
        Go([&] { work.fetch_add(1, std::memory_order_relaxed); });
        Yield();
      }
      ended.fetch_add(1, std::memory_order_release);
    });
  }
  for (int n : {1, 8, 2, 16, 3, 1, 4, 64, 4}) {
    SetProcs(n);
    EXPECT_EQ(Procs(), n);
    const uint64_t before = work.load(std::memory_order_relaxed);
    EXPECT_TRUE(Await([&] { return work.load(std::memory_order_relaxed) > before + 100; }));
  }
  stop.store(true, std::memory_order_release);
  EXPECT_TRUE(Await([&] { return ended.load(std::memory_order_acquire) == kFibers; }));
  EXPECT_TRUE(testing::WaitForFiberCount(1));
}

XEBEC_TEST(Scheduler, IdleThreadsSleep) {
  EXPECT_TRUE(
      Await([] { return sched.spinning.load() == 0 && sched.idle_p_count.load() == Procs() - 1; }));
}

// Parks, and is woken by a foreign thread.
XEBEC_TEST(Scheduler, AForeignThreadWakesAFiber) {
  for (int round = 0; round < 200; ++round) {
    std::atomic<G*> parked{nullptr};
    std::thread waker([&] {
      G* g = nullptr;
      while ((g = parked.load(std::memory_order_acquire)) == nullptr) std::this_thread::yield();
      ReadyFromThread(g);
    });
    AddExternalWaker(1);
    Park(
        [](G* g, void* arg) {
          static_cast<std::atomic<G*>*>(arg)->store(g, std::memory_order_release);
          return true;
        },
        &parked, WaitReason::kNone);
    AddExternalWaker(-1);
    waker.join();
  }
}

XEBEC_TEST(Scheduler, ACommitThatRefusesLetsTheFiberGoOn) {
  int calls = 0;
  Park(
      [](G*, void* arg) {
        ++*static_cast<int*>(arg);
        return false;
      },
      &calls, WaitReason::kNone);
  EXPECT_EQ(calls, 1);
}

// Two fibers hand a turn to each other through park and ready, with others stealing around them.
struct Turn {
  SpinLock lock;
  int turn = 0;        // guarded by lock
  G* waiting[2] = {};  // guarded by lock
};

void TakeTurns(Turn* turn, int me, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    turn->lock.lock();
    while (turn->turn != me) {
      turn->waiting[me] = CurrentG();
      Park(
          [](G*, void* arg) {
            static_cast<Turn*>(arg)->lock.unlock();
            return true;
          },
          turn, WaitReason::kCondWait);
      turn->lock.lock();
    }
    turn->turn = 1 - me;
    G* other = turn->waiting[1 - me];
    turn->waiting[1 - me] = nullptr;
    turn->lock.unlock();
    if (other != nullptr) Ready(other);
  }
}

XEBEC_TEST(Scheduler, NoWakeUpIsLostBetweenManyPairs) {
  constexpr int kPairs = 20;
  std::vector<Turn> turns(kPairs);
  std::atomic<int> ended{0};
  for (Turn& turn : turns) {
    for (int me = 0; me < 2; ++me) {
      Go([&turn, me, &ended] {
        TakeTurns(&turn, me, 2000);
        ended.fetch_add(1, std::memory_order_release);
      });
    }
  }
  EXPECT_TRUE(Await([&] { return ended.load(std::memory_order_acquire) == 2 * kPairs; }));
}

XEBEC_TEST(Scheduler, LockThreadKeepsItsThread) {
  std::atomic<int> ended{0};
  std::atomic<bool> stop{false};
  for (int i = 0; i < 4; ++i) {
    Go([&] {
      {
        LockThread lock;
        const std::thread::id mine = std::this_thread::get_id();
        for (int round = 0; round < 200; ++round) {
          Yield();
          EXPECT_EQ(std::this_thread::get_id(), mine);
        }
      }
      ended.fetch_add(1, std::memory_order_release);
    });
  }
  for (int i = 0; i < 10; ++i) {
    Go([&] {
      while (!stop.load(std::memory_order_acquire)) Yield();
      ended.fetch_add(1, std::memory_order_release);
    });
  }
  EXPECT_TRUE(Await([&] { return ended.load(std::memory_order_acquire) == 4; }));
  stop.store(true, std::memory_order_release);
  EXPECT_TRUE(Await([&] { return ended.load(std::memory_order_acquire) == 14; }));
}

XEBEC_TEST(Scheduler, FinishedFibersAreUsedAgain) {
  auto count_gs = [] {
    int n = 0;
    internal::ForEachG([&](const G*) { ++n; });
    return n;
  };
  std::atomic<int> ran{0};
  auto run_batch = [&](int n) {
    ran = 0;
    for (int i = 0; i < n; ++i) {
      Go([&] { ran.fetch_add(1, std::memory_order_relaxed); });
    }
    EXPECT_TRUE(Await([&] { return ran.load(std::memory_order_relaxed) == n; }));
    EXPECT_TRUE(testing::WaitForFiberCount(1));
  };
  run_batch(1000);
  const int before = count_gs();
  for (int i = 0; i < 20; ++i) run_batch(500);
  EXPECT_LE(count_gs(), before + 1000);
}

TEST(Scheduler, ProcsComeFromTheOptions) {
  int seen = 0;
  RunScheduler([&] { seen = Procs(); }, {.procs = 3});
  EXPECT_EQ(seen, 3);
}

TEST(Scheduler, RunsMayFollowOneAnother) {
  for (int i = 0; i < 50; ++i) {
    std::atomic<int> ran{0};
    RunScheduler([&] {
      for (int k = 0; k < 10; ++k) {
        Go([&] { ran.fetch_add(1, std::memory_order_relaxed); });
      }
      EXPECT_TRUE(Await([&] { return ran.load(std::memory_order_relaxed) == 10; }));
    });
  }
}

}  // namespace
}  // namespace xebec::runtime
