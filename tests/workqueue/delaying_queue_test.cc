#include "workqueue/delaying_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "runtime/clock.h"
#include "runtime/rand.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec::workqueue {
namespace {

using namespace std::chrono_literals;
using runtime::FakeClock;

const Context kForever;

struct Fixture {
  FakeClock clock;
  DelayingQueue<std::string> queue{{.clock = &clock}};

  std::vector<std::string> TakeAll() {
    std::vector<std::string> items;
    while (queue.Len() > 0) {
      items.push_back(*queue.Get(kForever));
      queue.Done(items.back());
    }
    return items;
  }
};
using Items = std::vector<std::string>;

XEBEC_TEST(DelayingQueue, AddsAnItemOnceItsTimeHasCome) {
  Fixture f;
  f.queue.AddAfter("foo", 50ms);
  EXPECT_EQ(f.queue.Len(), 0u);
  EXPECT_EQ(f.queue.Waiting(), 1u);
  f.clock.Advance(49ms);
  EXPECT_EQ(f.queue.Len(), 0u);
  f.clock.Advance(1ms);
  EXPECT_EQ(f.TakeAll(), Items{"foo"});
  f.clock.Advance(10s);
  EXPECT_EQ(f.queue.Len(), 0u);
}

XEBEC_TEST(DelayingQueue, TheEarliestOfSeveralCounts) {
  Fixture f;
  f.queue.AddAfter("foo", 50ms);
  f.queue.AddAfter("foo", 70ms);
  EXPECT_EQ(f.queue.Waiting(), 1u);
  f.clock.Advance(60ms);
  EXPECT_EQ(f.TakeAll(), Items{"foo"});
  f.clock.Advance(20ms);
  EXPECT_EQ(f.queue.Len(), 0u);

  f.queue.AddAfter("foo", 50ms);
  f.queue.AddAfter("foo", 30ms);
  f.clock.Advance(40ms);
  EXPECT_EQ(f.TakeAll(), Items{"foo"});
  f.clock.Advance(20ms);
  EXPECT_EQ(f.queue.Len(), 0u);
}

XEBEC_TEST(DelayingQueue, ItemsComeInTheOrderOfTheirTimes) {
  Fixture f;
  f.queue.AddAfter("foo", 1s);
  f.queue.AddAfter("bar", 500ms);
  f.queue.AddAfter("baz", 250ms);
  f.queue.AddAfter("also at 500ms", 500ms);
  f.clock.Advance(2s);
  EXPECT_EQ(f.TakeAll(), (Items{"baz", "bar", "also at 500ms", "foo"}));
}

XEBEC_TEST(DelayingQueue, ALaterItemDoesNotHoldAnEarlierOneBack) {
  Fixture f;
  f.queue.AddAfter("foo", 1s);
  f.queue.AddAfter("bar", 50ms);
  f.clock.Advance(60ms);
  EXPECT_EQ(f.TakeAll(), Items{"bar"});
  f.queue.AddAfter("baz", 2s);
  f.clock.Advance(1s);
  EXPECT_EQ(f.TakeAll(), Items{"foo"});
  f.clock.Advance(2s);
  EXPECT_EQ(f.TakeAll(), Items{"baz"});
}

XEBEC_TEST(DelayingQueue, NoDelayAddsAtOnce) {
  Fixture f;
  f.queue.AddAfter("now", 0ms);
  f.queue.AddAfter("before", -1s);
  EXPECT_EQ(f.TakeAll(), (Items{"now", "before"}));
  EXPECT_EQ(f.queue.Waiting(), 0u);
}

XEBEC_TEST(DelayingQueue, APlainAddDoesNotCancelADelay) {
  Fixture f;
  f.queue.AddAfter("foo", 50ms);
  f.queue.Add("foo");
  EXPECT_EQ(f.TakeAll(), Items{"foo"});
  f.clock.Advance(50ms);
  EXPECT_EQ(f.TakeAll(), Items{"foo"});
}

XEBEC_TEST(DelayingQueue, AShutdownDropsWhatWaits) {
  Fixture f;
  f.queue.AddAfter("foo", 50ms);
  f.queue.ShutDown();
  f.queue.AddAfter("bar", 10ms);
  f.queue.AddAfter("baz", 0ms);
  f.clock.Advance(1s);
  EXPECT_EQ(f.queue.Len(), 0u);
  EXPECT_EQ(f.queue.Get(kForever), std::nullopt);
  EXPECT_FALSE(f.clock.HasWaiters());
}

XEBEC_TEST(DelayingQueue, AVeryLongDelayDoesNotOverflow) {
  Fixture f;
  f.queue.AddAfter("foo", std::chrono::nanoseconds::max());
  f.clock.Advance(1000h);
  EXPECT_EQ(f.queue.Len(), 0u);
  f.queue.AddAfter("foo", 1ms);
  f.clock.Advance(1ms);
  EXPECT_EQ(f.TakeAll(), Items{"foo"});
}

// client-go's AddAfter blocks once a thousand wait to be taken in.
XEBEC_TEST(DelayingQueue, AddAfterNeverBlocks) {
  FakeClock clock;
  DelayingQueue<int> queue({.clock = &clock});
  for (int i = 0; i < 20'000; ++i) queue.AddAfter(i, std::chrono::milliseconds(1 + i % 100));
  EXPECT_EQ(queue.Waiting(), 20'000u);
  clock.Advance(50ms);
  EXPECT_EQ(queue.Len(), 10'000u);
  clock.Advance(50ms);
  EXPECT_EQ(queue.Len(), 20'000u);
}

XEBEC_SIM_TEST(DelayingQueue, LosesNothingInVirtualTime) {
  DelayingQueue<int> queue;
  const int64_t start = runtime::NanoTime();
  std::vector<int64_t> due(30);
  runtime::WaitGroup fibers;
  for (int p = 0; p < 3; ++p) {
    fibers.Go([&, p] {
      for (int i = 0; i < 10; ++i) {
        const int item = p * 10 + i;
        const auto delay = std::chrono::microseconds(1 + runtime::ThreadRand().Below(2000));
        due[static_cast<size_t>(item)] =
            runtime::NanoTime() + std::chrono::nanoseconds(delay).count();
        queue.AddAfter(item, delay);
        if (i % 4 == 0) runtime::Sleep(100us);
      }
    });
  }
  for (int n = 0; n < 30; ++n) {
    const int item = *queue.Get(kForever);
    EXPECT_EQ(runtime::NanoTime(), due[static_cast<size_t>(item)]);
    queue.Done(item);
  }
  fibers.Wait();
  EXPECT_LT(runtime::NanoTime() - start, 3'000'000);
}

}  // namespace
}  // namespace xebec::workqueue
