#include "runtime/sched/timer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "runtime/rand.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timers.h"
#include "runtime/sync/select.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "tests/runtime/sync/test_util.h"

namespace xebec::runtime {
namespace {

using namespace std::chrono_literals;

XEBEC_TEST(Sleep, TakesAtLeastItsTime) {
  const int64_t start = NanoTime();
  Sleep(2ms);
  EXPECT_GE(NanoTime() - start, 2'000'000);
  Sleep(0ms);
  Sleep(-1s);
}

XEBEC_SIM_TEST(Sleep, WakesInTheOrderOfDeadlines) {
  std::vector<int> order;
  WaitGroup fibers;
  for (int i : {5, 1, 4, 2, 3}) {
    fibers.Go([&, i] {
      Sleep(std::chrono::milliseconds(i));
      order.push_back(i);
    });
  }
  const int64_t start = NanoTime();
  fibers.Wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_EQ(NanoTime() - start, 5'000'000);
}

XEBEC_TEST(Sleep, ManySleepersAllWake) {
  WaitGroup fibers;
  for (int i = 0; i < 2000; ++i) {
    fibers.Go([i] { Sleep(std::chrono::microseconds(i % 500 * 10)); });
  }
  fibers.Wait();
}

XEBEC_SIM_TEST(Timer, SendsTheTimeOnce) {
  const int64_t start = NanoTime();
  Timer timer(20ms);
  EXPECT_EQ(*timer.C().Receive() - start, 20'000'000);
  EXPECT_FALSE(timer.Stop());
  Sleep(1s);
  EXPECT_FALSE(timer.C().TryReceive().has_value());
}

XEBEC_SIM_TEST(Timer, NothingStaleIsSeenAfterStopOrReset) {
  Timer timer(10ms);
  Sleep(20ms);  // it has fired, and nobody has received
  EXPECT_TRUE(timer.Stop());
  EXPECT_FALSE(timer.C().TryReceive().has_value());
  EXPECT_FALSE(timer.Stop());

  EXPECT_FALSE(timer.Reset(10ms));
  Sleep(20ms);
  const int64_t start = NanoTime();
  EXPECT_TRUE(timer.Reset(30ms));
  EXPECT_EQ(*timer.C().Receive() - start, 30'000'000);
  EXPECT_FALSE(timer.Reset(10ms));
  EXPECT_TRUE(timer.Stop());
}

XEBEC_SIM_TEST(Ticker, TicksAndDropsWhatNobodyTakes) {
  const int64_t start = NanoTime();
  Ticker ticker(10ms);
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(*ticker.C().Receive() - start, i * 10'000'000);
  Sleep(100ms);
  EXPECT_EQ(ticker.C().Len(), 1u);
  ticker.Reset(7ms);
  EXPECT_EQ(ticker.C().Len(), 0u);
  const int64_t again = NanoTime();
  EXPECT_EQ(*ticker.C().Receive() - again, 7'000'000);
  ticker.Stop();
  Sleep(1s);
  EXPECT_FALSE(ticker.C().TryReceive().has_value());
}

XEBEC_TEST(Ticker, APeriodOfZeroPanics) {
  EXPECT_TRUE(PanicsWith("period is not positive", [] { Ticker ticker(0ms); }));
  Ticker ticker(1h);
  EXPECT_TRUE(PanicsWith("period is not positive", [&] { ticker.Reset(-1ms); }));
}

XEBEC_SIM_TEST(AfterFunc, RunsInAFiberOfItsOwn) {
  const int64_t start = NanoTime();
  Chan<int64_t> ran(1);
  const FiberId self = CurrentFiberId();
  AfterFunc(15ms, [ran, self] {  // the handle is dropped, it runs all the same
    EXPECT_NE(CurrentFiberId(), self);
    Yield();
    ran.Send(NanoTime());
  });
  EXPECT_EQ(*ran.Receive() - start, 15'000'000);
}

XEBEC_SIM_TEST(AfterFunc, StopKeepsItFromRunning) {
  int runs = 0;
  FuncTimer timer = AfterFunc(10ms, [&] { ++runs; });
  EXPECT_TRUE(timer.Stop());
  EXPECT_FALSE(timer.Stop());
  Sleep(1s);
  EXPECT_EQ(runs, 0);
  EXPECT_FALSE(timer.Reset(10ms));
  EXPECT_TRUE(timer.Reset(20ms));
  Sleep(1s);
  EXPECT_EQ(runs, 1);
  EXPECT_FALSE(timer.Stop());
}

XEBEC_SIM_TEST(After, SendsOnAChannel) {
  const int64_t start = NanoTime();
  EXPECT_EQ(*After(5ms).Receive() - start, 5'000'000);
}

// The heap against a sorted list: adds, stops and restarts at random.
XEBEC_SIM_TEST(Timers, FireInOrderWhateverIsStopped) {
  struct Node : TimerNode {
    std::vector<int64_t>* fired;
  };
  std::vector<int64_t> fired;
  std::vector<int64_t> expected;
  constexpr size_t kNodes = 60;
  auto nodes = std::make_unique<Node[]>(kNodes);
  std::vector<bool> started(kNodes, false);
  const int64_t start = NanoTime();
  for (size_t i = 0; i < kNodes; ++i) {
    nodes[i].fired = &fired;
    nodes[i].fire = [](TimerNode* node, int64_t) {
      static_cast<Node*>(node)->fired->push_back(node->when);
    };
  }
  for (int step = 0; step < 300; ++step) {
    const size_t i = ThreadRand().Below(kNodes);
    if (started[i]) {
      EXPECT_TRUE(StopTimer(&nodes[i]));
    } else {
      StartTimer(&nodes[i], start + 1'000'000 + static_cast<int64_t>(ThreadRand().Below(1000)));
    }
    started[i] = !started[i];
  }
  for (size_t i = 0; i < kNodes; ++i) {
    if (started[i]) expected.push_back(nodes[i].when);
  }
  std::sort(expected.begin(), expected.end());
  Sleep(10ms);
  EXPECT_EQ(fired, expected);
  for (size_t i = 0; i < kNodes; ++i) EXPECT_FALSE(StopTimer(&nodes[i]));
}

// Timers are started and stopped by several fibers while they fire: their memory is free to go as
// soon as StopTimer has returned.
XEBEC_TEST(Timers, MayBeFreedOnceTheyAreStopped) {
  struct Node : TimerNode {
    std::atomic<int> fired{0};
  };
  WaitGroup fibers;
  for (int f = 0; f < 4; ++f) {
    fibers.Go([] {
      for (int i = 0; i < 3000; ++i) {
        auto node = std::make_unique<Node>();
        node->fire = [](TimerNode* n, int64_t) { ++static_cast<Node*>(n)->fired; };
        StartTimer(node.get(), NanoTime() + static_cast<int64_t>(ThreadRand().Below(20'000)));
        if (i % 3 == 0) Yield();
        const bool stopped = StopTimer(node.get());
        EXPECT_EQ(stopped ? 0 : 1, node->fired);
      }
    });
  }
  fibers.Wait();
}

XEBEC_SIM_TEST(Timers, APeriodSkipsWhatWasMissed) {
  struct Node : TimerNode {
    int fired = 0;
  } node;
  node.fire = [](TimerNode* n, int64_t) { ++static_cast<Node*>(n)->fired; };
  StartTimer(&node, NanoTime() + 1000, 1000);
  Sleep(10500ns);
  EXPECT_EQ(node.fired, 10);
  EXPECT_TRUE(StopTimer(&node));
  Sleep(1ms);
  EXPECT_EQ(node.fired, 10);
}

}  // namespace
}  // namespace xebec::runtime
