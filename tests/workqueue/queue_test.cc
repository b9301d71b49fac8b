#include "workqueue/queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "runtime/panic.h"
#include "runtime/rand.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec::workqueue {
namespace {

using namespace std::chrono_literals;
using runtime::WaitGroup;
using runtime::testing::WaitUntilAllBlocked;

const Context kForever;

enum class End { kShutDown, kShutDownWithDrain };

template <class Q>
void EndOf(Q& queue, End end) {
  if (end == End::kShutDown) {
    queue.ShutDown();
  } else {
    queue.ShutDownWithDrain();
  }
}

// Ported from upstream's TestBasic: nothing added after the shutdown comes out, nothing stays.
XEBEC_SIM_TEST(WorkQueue, WorkersDrainWhatProducersAdd) {
  for (End end : {End::kShutDown, End::kShutDownWithDrain}) {
    Queue<std::string> queue;
    WaitGroup producers;
    for (int p = 0; p < 10; ++p) {
      producers.Go([&, p] {
        for (int i = 0; i < 10; ++i) {
          queue.Add(std::to_string(p));
          runtime::Sleep(1ms);
        }
      });
    }
    WaitGroup workers;
    for (int w = 0; w < 4; ++w) {
      workers.Go([&] {
        while (auto item = queue.Get(kForever)) {
          EXPECT_NE(*item, "after shutdown");
          runtime::Sleep(3ms);
          queue.Done(*item);
        }
      });
    }
    producers.Wait();
    EndOf(queue, end);
    queue.Add("after shutdown");
    workers.Wait();
    EXPECT_EQ(queue.Len(), 0u);
  }
}

XEBEC_SIM_TEST(WorkQueue, ReAddWhileProcessingUnderLoad) {
  for (End end : {End::kShutDown, End::kShutDownWithDrain}) {
    Queue<int> queue;
    WaitGroup producers;
    for (int p = 0; p < 20; ++p) {
      producers.Go([&, p] { queue.Add(p); });
    }
    WaitGroup workers;
    for (int w = 0; w < 5; ++w) {
      workers.Go([&] {
        std::map<int, int> counts;
        while (auto item = queue.Get(kForever)) {
          if (++counts[*item] < 2) queue.Add(*item);
          queue.Done(*item);
        }
      });
    }
    producers.Wait();
    EndOf(queue, end);
    workers.Wait();
    EXPECT_EQ(queue.Len(), 0u);
  }
}

XEBEC_TEST(WorkQueue, LenCountsEachItemOnce) {
  Queue<std::string> queue;
  queue.Add("foo");
  EXPECT_EQ(queue.Len(), 1u);
  queue.Add("bar");
  EXPECT_EQ(queue.Len(), 2u);
  queue.Add("foo");
  EXPECT_EQ(queue.Len(), 2u);
}

XEBEC_TEST(WorkQueue, HandsItemsOutInTheOrderOfTheirFirstAdd) {
  Queue<int> queue;
  for (int i : {3, 1, 2, 1, 3}) queue.Add(i);
  for (int expected : {3, 1, 2}) EXPECT_EQ(queue.Get(kForever), expected);
}

XEBEC_TEST(WorkQueue, ReAddWhileProcessingRunsOnceMore) {
  Queue<std::string> queue;
  queue.Add("foo");
  EXPECT_EQ(queue.Get(kForever), "foo");
  queue.Add("foo");
  queue.Add("foo");
  EXPECT_EQ(queue.Len(), 0u) << "not while it is being processed";
  queue.Done("foo");
  EXPECT_EQ(queue.Get(kForever), "foo");
  queue.Done("foo");
  EXPECT_EQ(queue.Len(), 0u);
}

// Items in the order of their last Add.
class TracingOrder : public Order<std::string> {
 public:
  explicit TracingOrder(std::set<std::string>* touched) : touched_(touched) {}
  void Push(const std::string& item) override { items_.push_back(item); }
  std::string Pop() override {
    std::string item = items_.front();
    items_.pop_front();
    return item;
  }
  size_t Len() const override { return items_.size(); }
  void Touch(const std::string& item) override {
    touched_->insert(item);
    std::erase(items_, item);
    items_.push_back(item);
  }

 private:
  std::set<std::string>* touched_;
  std::deque<std::string> items_;
};

XEBEC_TEST(WorkQueue, AddingAnItemThatWaitsOnlyTouchesIt) {
  std::set<std::string> touched;
  Queue<std::string> queue({.order = std::make_unique<TracingOrder>(&touched)});
  queue.Add("bar");
  queue.Add("baz");
  queue.Add("bar");
  EXPECT_TRUE(touched.contains("bar"));
  EXPECT_EQ(queue.Get(kForever), "baz") << "the order may give it another place";
  EXPECT_EQ(queue.Get(kForever), "bar");
  queue.Done("bar");
  EXPECT_EQ(queue.Len(), 0u);
}

XEBEC_TEST(WorkQueue, AddingAnItemInProcessingDoesNotTouchIt) {
  std::set<std::string> touched;
  Queue<std::string> queue({.order = std::make_unique<TracingOrder>(&touched)});
  queue.Add("foo");
  EXPECT_EQ(queue.Get(kForever), "foo");
  queue.Add("foo");
  queue.Add("foo");
  std::atomic<bool> got{false};
  WaitGroup fibers;
  fibers.Go([&] {
    EXPECT_EQ(queue.Get(kForever), "foo");
    got = true;
    queue.Done("foo");
  });
  WaitUntilAllBlocked();
  EXPECT_FALSE(got) << "one item is processed by one worker at a time";
  queue.Done("foo");
  fibers.Wait();
  EXPECT_EQ(queue.Len(), 0u);
  EXPECT_TRUE(touched.empty());
}

XEBEC_TEST(WorkQueue, ShutDownWithDrainWaitsForWhatIsBeingProcessed) {
  Queue<std::string> queue;
  queue.Add("foo");
  queue.Add("bar");
  EXPECT_EQ(queue.Get(kForever), "foo");
  EXPECT_EQ(queue.Get(kForever), "bar");
  std::atomic<bool> drained{false};
  WaitGroup fibers;
  fibers.Go([&] {
    queue.ShutDownWithDrain();
    drained = true;
  });
  EXPECT_EQ(queue.Get(kForever), std::nullopt);
  queue.Done("foo");
  WaitUntilAllBlocked();
  EXPECT_FALSE(drained);
  queue.Done("bar");
  fibers.Wait();
}

XEBEC_TEST(WorkQueue, ShutDownDoesNotWait) {
  Queue<std::string> queue;
  queue.Add("foo");
  EXPECT_EQ(queue.Get(kForever), "foo");
  queue.ShutDown();
  EXPECT_TRUE(queue.ShuttingDown());
}

XEBEC_TEST(WorkQueue, ShutDownEndsTheWaitOfADrain) {
  Queue<std::string> queue;
  queue.Add("foo");
  EXPECT_EQ(queue.Get(kForever), "foo");
  WaitGroup fibers;
  fibers.Go([&] { queue.ShutDownWithDrain(); });
  EXPECT_EQ(queue.Get(kForever), std::nullopt);
  queue.ShutDown();
  fibers.Wait();
}

XEBEC_TEST(WorkQueue, AnItemReAddedBeforeTheShutdownStillComesBack) {
  Queue<std::string> queue;
  queue.Add("foo");
  EXPECT_EQ(queue.Get(kForever), "foo");
  queue.Add("foo");
  WaitGroup fibers;
  fibers.Go([&] { queue.ShutDownWithDrain(); });
  EXPECT_EQ(queue.Get(kForever), std::nullopt);
  queue.Add("foo");  // ignored: it shuts down
  queue.Done("foo");
  EXPECT_EQ(queue.Get(kForever), "foo");
  queue.Done("foo");
  EXPECT_EQ(queue.Get(kForever), std::nullopt);
  fibers.Wait();
}

XEBEC_TEST(WorkQueue, WorkersGetWhatWasQueuedBeforeTheShutdown) {
  Queue<int> queue;
  for (int i = 0; i < 3; ++i) queue.Add(i);
  queue.ShutDown();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.Get(kForever), i);
  EXPECT_EQ(queue.Get(kForever), std::nullopt);
}

XEBEC_TEST(WorkQueue, ShutDownWakesEveryWorker) {
  Queue<int> queue;
  WaitGroup workers;
  for (int w = 0; w < 5; ++w) {
    workers.Go([&] { EXPECT_FALSE(queue.Get(kForever).has_value()); });
  }
  WaitUntilAllBlocked();
  queue.ShutDown();
  workers.Wait();
}

XEBEC_TEST(WorkQueue, GetEndsWithItsContext) {
  Queue<int> queue;
  auto [ctx, cancel] = Context::WithCancel(Context::Background());
  WaitGroup workers;
  workers.Go([&, &ctx = ctx] { EXPECT_FALSE(queue.Get(ctx).has_value()); });
  WaitUntilAllBlocked();
  cancel();
  workers.Wait();
  queue.Add(1);
  EXPECT_FALSE(queue.Get(ctx).has_value());
  EXPECT_EQ(queue.Get(kForever), 1);
}

XEBEC_TEST(WorkQueue, DoneOfWhatIsNotProcessedPanics) {
  Queue<int> queue;
  EXPECT_THROW(queue.Done(1), runtime::Panic);
  queue.Add(1);
  EXPECT_THROW(queue.Done(1), runtime::Panic);
  EXPECT_EQ(queue.Get(kForever), 1);
  queue.Done(1);
  EXPECT_THROW(queue.Done(1), runtime::Panic);
}

XEBEC_TEST(WorkQueue, KeepsNothingOfWhatIsDone) {
  using Item = std::shared_ptr<int>;
  Queue<Item> queue;
  auto item = std::make_shared<int>(1);
  std::weak_ptr<int> weak = item;
  queue.Add(item);
  std::optional<Item> got = queue.Get(kForever);
  queue.Done(*got);
  got.reset();
  item.reset();
  EXPECT_TRUE(weak.expired());
}

// What every worker relies on: an item is never with two workers; after its last Add it is looked
// at once more; nothing is forgotten. Some workers go away in between.
void Hammer(int items, int workers, int adds) {
  Queue<int> queue;
  std::vector<std::atomic<int>> added(static_cast<size_t>(items));
  std::vector<std::atomic<int>> seen(static_cast<size_t>(items));
  std::vector<std::atomic<int>> holders(static_cast<size_t>(items));
  auto [leave, cancel] = Context::WithCancel(Context::Background());
  auto work = [&](const Context& ctx) {
    while (auto item = queue.Get(ctx)) {
      const auto i = static_cast<size_t>(*item);
      EXPECT_EQ(holders[i].fetch_add(1), 0) << "two workers have item " << i;
      // The world is read after Get: what was added before Get is seen.
      seen[i] = added[i].load();
      if (i % 3 == 0) runtime::Yield();
      holders[i].fetch_sub(1);
      queue.Done(*item);
    }
  };
  WaitGroup working;
  for (int w = 0; w < workers; ++w) {
    working.Go([&, ctx = w % 2 == 0 ? kForever : leave] { work(ctx); });
  }
  WaitGroup adding;
  for (int p = 0; p < 3; ++p) {
    adding.Go([&, p, &cancel = cancel] {
      for (int n = 0; n < adds; ++n) {
        const auto i = static_cast<size_t>((n * 7 + p) % items);
        ++added[i];
        queue.Add(static_cast<int>(i));
        if (n % 5 == 0) runtime::Yield();
        if (p == 0 && n == adds / 2) cancel();
      }
    });
  }
  adding.Wait();
  queue.ShutDown();
  working.Wait();
  // One that leaves may be the last to call Done, and so put its item back when all others have
  // gone.
  work(kForever);
  for (size_t i = 0; i < added.size(); ++i) EXPECT_EQ(seen[i], added[i]) << "item " << i;
}

XEBEC_TEST(WorkQueue, LooksAtEveryItemAfterItsLastAdd) { Hammer(50, 6, 2000); }

XEBEC_SIM_TEST(WorkQueue, LosesNoWakeUp) { Hammer(4, 4, 25); }

}  // namespace
}  // namespace xebec::workqueue
