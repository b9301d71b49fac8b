#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <string>

#include "runtime/panic.h"
#include "runtime/sched/dump.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/internal/proc.h"
#include "runtime/sched/time.h"
#include "runtime/sched/world.h"
#include "runtime/testing.h"

namespace xebec::runtime {
namespace {

constexpr int64_t kSecond = 1000LL * 1000 * 1000;

template <class F>
bool Await(F done) {
  const int64_t limit = NanoTime() + 10 * kSecond;
  while (!done()) {
    if (NanoTime() > limit) return false;
    Yield();
  }
  return true;
}

// A pipe whose read end blocks its thread.
struct ThreadPipe {
  ThreadPipe() { EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0); }
  ~ThreadPipe() {
    close(fds[0]);
    close(fds[1]);
  }
  void Read() {
    char byte = 0;
    EXPECT_EQ(read(fds[0], &byte, 1), 1);
  }
  void Write() { EXPECT_EQ(write(fds[1], "x", 1), 1); }
  int fds[2];
};

XEBEC_TEST(Blocking, ReturnsItsValue) {
  EXPECT_EQ(Blocking([] { return 7; }), 7);
  EXPECT_EQ(Blocking([] { return std::string("text"); }), "text");
  EXPECT_EQ(Blocking([] { return Blocking([] { return 8; }); }), 8);
}

XEBEC_TEST(Blocking, ExceptionsPassThrough) {
  EXPECT_THROW(Blocking([] { throw std::runtime_error("x"); }), std::runtime_error);
  EXPECT_NE(CurrentP(), nullptr);
}

XEBEC_TEST(Blocking, ThereIsNoProcessorInIt) {
  Blocking([] {
    EXPECT_EQ(CurrentP(), nullptr);
    EXPECT_EQ(CurrentHeapCache(), nullptr);
    EXPECT_TRUE(OnFiber());
    EXPECT_THROW(Park(WaitReason::kNone), Panic);
  });
}

XEBEC_TEST(Blocking, HandsTheOnlyProcessorOver) {
  SetProcs(1);
  const uint64_t before = ReadSchedStats().handoffs;
  ThreadPipe pipe;
  Go([&] { pipe.Write(); });  // can run only on another thread
  Blocking([&] { pipe.Read(); });
  EXPECT_GT(ReadSchedStats().handoffs, before);
  SetProcs(4);
}

XEBEC_TEST(Blocking, ManyAtOnceTakeAThreadEach) {
  SetProcs(2);
  constexpr int kFibers = 30;
  ThreadPipe pipe;
  std::atomic<int> entered{0};
  std::atomic<int> left{0};
  for (int i = 0; i < kFibers; ++i) {
    Go([&] {
      entered.fetch_add(1, std::memory_order_relaxed);
      Blocking([&] { pipe.Read(); });
      left.fetch_add(1, std::memory_order_release);
    });
  }
  EXPECT_TRUE(Await([&] { return entered.load() == kFibers; }));
  EXPECT_GE(ReadSchedStats().threads, kFibers);
  for (int i = 0; i < kFibers; ++i) pipe.Write();
  EXPECT_TRUE(Await([&] { return left.load(std::memory_order_acquire) == kFibers; }));
  SetProcs(4);
}

XEBEC_TEST(Blocking, ShortCallsKeepTheirProcessor) {
  SetProcs(1);
  P* p = CurrentP();
  int kept = 0;
  for (int i = 0; i < 1000; ++i) {
    Blocking([] { getpid(); });
    if (CurrentP() == p) ++kept;
  }
  EXPECT_EQ(kept, 1000);
  SetProcs(4);
}

XEBEC_TEST(Blocking, DoesNotHoldUpStoppingTheWorld) {
  ThreadPipe pipe;
  std::atomic<int> state{0};
  Go([&] {
    state.store(1, std::memory_order_release);
    Blocking([&] { pipe.Read(); });
    state.store(2, std::memory_order_release);
  });
  EXPECT_TRUE(Await([&] { return state.load(std::memory_order_acquire) == 1; }));
  StopTheWorld("test");
  pipe.Write();
  // It cannot come back while the world is stopped, however long that takes.
  const int64_t until = NanoTime() + 2 * 1000 * 1000;
  while (NanoTime() < until) EXPECT_EQ(state.load(std::memory_order_acquire), 1);
  StartTheWorld();
  EXPECT_TRUE(Await([&] { return state.load(std::memory_order_acquire) == 2; }));
}

XEBEC_TEST(Sysmon, AsksALongRunnerToYield) {
  SetProcs(1);
  std::atomic<bool> other_ran{false};
  Go([&] { other_ran.store(true, std::memory_order_release); });
  const int64_t limit = NanoTime() + 10 * kSecond;
  while (!other_ran.load(std::memory_order_acquire) && NanoTime() < limit) YieldIfNeeded();
  EXPECT_TRUE(other_ran.load());
  SetProcs(4);
}

XEBEC_TEST(Blocking, IsShownInDumps) {
  ThreadPipe pipe;
  std::atomic<bool> left{false};
  std::atomic<bool> entered{false};
  GoNamed("reader of a file", [&] {
    entered = true;
    Blocking([&] { pipe.Read(); });
    left.store(true, std::memory_order_release);
  });
  EXPECT_TRUE(Await([&] { return entered.load(); }));
  EXPECT_TRUE(Await([] {
    return DumpFibers({.stacks = false}).find("\"reader of a file\" [blocking call]") !=
           std::string::npos;
  })) << DumpFibers();
  const std::string dump = DumpFibers();
  EXPECT_NE(dump.find("blocking_test.cc:"), std::string::npos) << dump;
  pipe.Write();
  EXPECT_TRUE(Await([&] { return left.load(std::memory_order_acquire); }));
}

}  // namespace
}  // namespace xebec::runtime
