// How the process ends, and what it says then.
#include <signal.h>

#include <stdexcept>
#include <string>

#include "runtime/context.h"
#include "runtime/main.h"
#include "runtime/panic.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/park.h"
#include "runtime/sim.h"
#include "runtime/testing.h"

namespace xebec::runtime {
namespace {

void WaitForEver() { Park(WaitReason::kChanReceive); }

// Runs `fn` in a fiber named "worker" of a program, and waits.
void RunInWorker(void (*fn)()) {
  Main(0, nullptr, [fn](Context) {
    GoNamed("worker", fn);
    WaitForEver();
    return 0;
  });
}

using FatalDeathTest = ::testing::Test;

TEST(FatalDeathTest, AnUncaughtPanicTellsFiberAndStack) {
  EXPECT_EXIT(RunInWorker([] { ThrowPanic("the pod has no name"); }), ::testing::ExitedWithCode(2),
              "panic: the pod has no name(.|\n)*\"worker\" \\[running\\]:(.|\n)*fatal_test.cc"
              "(.|\n)*created at fatal_test.cc(.|\n)*\"main\" \\[chan receive\\]");
}

TEST(FatalDeathTest, AnUncaughtExceptionTellsItsTextAndWhereItWasThrown) {
  EXPECT_EXIT(RunInWorker([] { throw std::out_of_range("index 7"); }), ::testing::ExitedWithCode(2),
              "panic: uncaught exception: index 7(.|\n)*\"worker\"(.|\n)*fatal_test.cc");
}

TEST(FatalDeathTest, ANullDereferenceTellsTheFiber) {
#ifdef XEBEC_ASAN
  GTEST_SKIP() << "UBSan reports it before the processor does";
#endif
  EXPECT_DEATH(RunInWorker([] {
                 int* null = nullptr;
                 asm volatile("" : "+r"(null));
                 *null = 1;
               }),
               "null dereference in fiber [0-9]+ \"worker\"(.|\n)*fatal_test.cc");
}

[[gnu::noinline]] int Recurse(int depth) {  // NOLINT(misc-no-recursion)
  volatile char frame[512];
  frame[0] = static_cast<char>(depth);
  return depth == -1 ? 0 : Recurse(depth + 1) + frame[0];
}

TEST(FatalDeathTest, AStackOverflowIsCalledSo) {
  EXPECT_DEATH(RunInWorker([] { Recurse(0); }),
               "stack overflow in fiber [0-9]+ \"worker\": it used all of its 256 KiB");
}

TEST(FatalDeathTest, ADeadlockIsFoundAndShowsWhoWaits) {
  EXPECT_EXIT(RunScheduler([] {
                GoNamed("second", [] { Park(WaitReason::kMutexLock); });
                WaitForEver();
              }),
              ::testing::ExitedWithCode(2),
              "all fibers are asleep - deadlock!(.|\n)*\"main\" \\[chan receive\\](.|\n)*"
              "\"second\" \\[sync.Mutex.Lock\\]");
}

TEST(FatalDeathTest, ADeadlockInASimulationIsFoundToo) {
  EXPECT_EXIT(sim::Run(1, [] { WaitForEver(); }), ::testing::ExitedWithCode(2),
              "all fibers are asleep");
}

TEST(FatalDeathTest, AFailedCheckOfTheSchedulerAborts) {
  EXPECT_DEATH(RunScheduler([] { Ready(CurrentG()); }), "made ready that does not wait");
}

TEST(MainDeathTest, TheFirstSignalCancelsAndTheSecondEnds) {
  EXPECT_EXIT(
      {
        const int status = Main(0, nullptr, [](Context ctx) {
          kill(getpid(), SIGTERM);
          ctx.Done().Receive();
          return ctx.Cause()->message == "received SIGTERM" ? 33 : 1;
        });
        std::exit(status);
      },
      ::testing::ExitedWithCode(33), "");
  EXPECT_EXIT(Main(0, nullptr,
                   [](Context ctx) {
                     kill(getpid(), SIGINT);
                     ctx.Done().Receive();
                     kill(getpid(), SIGINT);
                     WaitForEver();
                     return 0;
                   }),
              ::testing::ExitedWithCode(130), "");
}

TEST(Main, ReturnsWhatTheBodyReturns) {
  EXPECT_EQ(Main(0, nullptr, [](Context ctx) { return ctx.IsDone() ? 1 : 5; }), 5);
}

}  // namespace
}  // namespace xebec::runtime
