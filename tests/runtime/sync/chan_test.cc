#include "runtime/sync/chan.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "runtime/rand.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "tests/runtime/sync/test_util.h"

namespace xebec::runtime {
namespace {

using namespace std::chrono_literals;

XEBEC_TEST(Chan, AnUnbufferedSendWaitsForItsReceiver) {
  Chan<int> chan;
  std::atomic<bool> sent{false};
  WaitGroup fibers;
  fibers.Go([&] {
    chan.Send(7);
    sent = true;
  });
  testing::WaitUntilAllBlocked();
  EXPECT_FALSE(sent);
  EXPECT_EQ(chan.Receive(), 7);
  fibers.Wait();
  EXPECT_TRUE(sent);
}

XEBEC_TEST(Chan, ABufferedSendWaitsOnlyWhenItIsFull) {
  Chan<std::string> chan(2);
  chan.Send("a");
  chan.Send("b");
  EXPECT_EQ(chan.Len(), 2u);
  EXPECT_EQ(chan.Cap(), 2u);
  WaitGroup fibers;
  fibers.Go([&] { chan.Send("c"); });
  testing::WaitUntilAllBlocked();
  EXPECT_EQ(chan.Receive(), "a");
  EXPECT_EQ(chan.Receive(), "b");
  EXPECT_EQ(chan.Receive(), "c");
  fibers.Wait();
  EXPECT_EQ(chan.Len(), 0u);
}

XEBEC_TEST(Chan, RangesOverWhatIsSentUntilItIsClosed) {
  Chan<int> jobs(8);
  Go([jobs] {
    for (int i = 0; i < 100; ++i) jobs.Send(i);
    jobs.Close();
  });
  int next = 0;
  for (int job : jobs) EXPECT_EQ(job, next++);
  EXPECT_EQ(next, 100);
}

XEBEC_TEST(Chan, CloseDrainsTheBufferFirstAndThenGivesNothing) {
  Chan<int> chan(3);
  chan.Send(1);
  chan.Send(2);
  chan.Close();
  EXPECT_TRUE(chan.closed());
  EXPECT_EQ(chan.Receive(), 1);
  EXPECT_EQ(chan.Receive(), 2);
  EXPECT_EQ(chan.Receive(), std::nullopt);
  EXPECT_EQ(chan.Receive(), std::nullopt);
  EXPECT_EQ(chan.TryReceive(), std::nullopt);
}

XEBEC_TEST(Chan, CloseWakesEveryReceiver) {
  Chan<Unit> chan;
  WaitGroup fibers;
  for (int i = 0; i < 10; ++i) {
    fibers.Go([&] { EXPECT_FALSE(chan.Receive().has_value()); });
  }
  testing::WaitUntilAllBlocked();
  chan.Close();
  fibers.Wait();
}

XEBEC_TEST(Chan, AwkwardUsesPanic) {
  Chan<int> chan(1);
  chan.Close();
  EXPECT_TRUE(PanicsWith("send on a closed channel", [&] { chan.Send(1); }));
  EXPECT_TRUE(PanicsWith("send on a closed channel", [&] { chan.TrySend(1); }));
  EXPECT_TRUE(PanicsWith("close of a closed channel", [&] { chan.Close(); }));
  Chan<int> nil(nullptr);
  EXPECT_TRUE(PanicsWith("close of a nil channel", [&] { nil.Close(); }));
  EXPECT_TRUE(PanicsWith("too large", [] { Chan<int> huge(SIZE_MAX / 2); }));
}

XEBEC_TEST(Chan, CloseMakesWaitingSendersPanic) {
  Chan<int> chan;
  WaitGroup fibers;
  for (int i = 0; i < 3; ++i) {
    fibers.Go([&] { EXPECT_TRUE(PanicsWith("send on a closed channel", [&] { chan.Send(1); })); });
  }
  testing::WaitUntilAllBlocked();
  chan.Close();
  fibers.Wait();
}

XEBEC_TEST(Chan, TheNilChannelIsNeverReady) {
  Chan<int> nil(nullptr);
  EXPECT_TRUE(nil.IsNil());
  EXPECT_FALSE(nil.TrySend(1));
  EXPECT_FALSE(nil.TryReceive().has_value());
  EXPECT_EQ(nil.Len(), 0u);
  EXPECT_FALSE(nil.closed());
}

XEBEC_TEST(Chan, TryCallsNeverWait) {
  Chan<std::unique_ptr<int>> chan(1);
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(chan.TryReceive().has_value());
  EXPECT_TRUE(chan.TrySend(first));
  EXPECT_EQ(first, nullptr);
  EXPECT_FALSE(chan.TrySend(second));
  ASSERT_NE(second, nullptr) << "a send that failed must leave the value";
  EXPECT_EQ(**chan.TryReceive(), 1);
  // Unbuffered: only if the other side waits already.
  Chan<int> direct;
  EXPECT_FALSE(direct.TrySend(1));
  WaitGroup fibers;
  fibers.Go([&] { EXPECT_EQ(direct.Receive(), 5); });
  testing::WaitUntilAllBlocked();
  EXPECT_TRUE(direct.TrySend(5));
  fibers.Wait();
}

// Counts how many of it live.
struct Counted {
  static inline std::atomic<int> alive{0};
  explicit Counted(int value) : value(value) { ++alive; }
  Counted(Counted&& other) noexcept : value(other.value) { ++alive; }
  Counted(const Counted&) = delete;
  ~Counted() { --alive; }
  int value;
};

XEBEC_TEST(Chan, NeitherLosesNorDoublesValues) {
  {
    Chan<Counted> chan(4);
    Chan<Counted> direct;
    WaitGroup fibers;
    fibers.Go([&] {
      for (int i = 0; i < 50; ++i) chan.Send(Counted(i));
      chan.Close();
    });
    fibers.Go([&] {
      for (Counted& c : chan) direct.Send(Counted(c.value));
      direct.Close();
    });
    int next = 0;
    for (const Counted& c : direct) EXPECT_EQ(c.value, next++);
    EXPECT_EQ(next, 50);
    fibers.Wait();
    EXPECT_EQ(Counted::alive, 0);
    Chan<Counted> left(3);
    left.Send(Counted(1));
    left.Send(Counted(2));
    EXPECT_EQ(Counted::alive, 2);
  }
  EXPECT_EQ(Counted::alive, 0) << "the buffer goes with the channel";
}

XEBEC_TEST(Chan, HandlesShareOneChannel) {
  Chan<int> a(1);
  Chan<int> b = a;
  EXPECT_TRUE(a == b);
  a.Send(3);
  EXPECT_EQ(b.Receive(), 3);
  Chan<int> c = std::move(b);
  EXPECT_TRUE(b.IsNil());  // NOLINT(bugprone-use-after-move): what a moved-from handle is
  EXPECT_TRUE(a == c);
  EXPECT_FALSE(Chan<int>() == a);
}

struct alignas(64) Wide {
  int64_t value;
};

XEBEC_TEST(Chan, KeepsTheAlignmentOfItsValues) {
  Chan<Wide> chan(3);
  for (int64_t i = 0; i < 3; ++i) chan.Send(Wide{i});
  for (int64_t i = 0; i < 3; ++i) {
    std::optional<Wide> wide = chan.Receive();
    EXPECT_EQ(wide->value, i);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(&*wide) % 64, 0u);
  }
}

// Every value sent is received once, whatever the capacity.
void Conserve(size_t capacity, int senders, int each) {
  Chan<int> chan(capacity);
  std::vector<std::atomic<int>> seen(static_cast<size_t>(senders * each));
  WaitGroup sending;
  WaitGroup receiving;
  for (int s = 0; s < senders; ++s) {
    sending.Go([&, s] {
      for (int i = 0; i < each; ++i) chan.Send(s * each + i);
    });
    receiving.Go([&] {
      for (int v : chan) ++seen[static_cast<size_t>(v)];
    });
  }
  sending.Wait();
  chan.Close();
  receiving.Wait();
  for (const auto& count : seen) ASSERT_EQ(count, 1);
}

XEBEC_TEST(Chan, PassesEveryValueOnceBetweenManyFibers) {
  for (size_t capacity : {0, 1, 7, 128}) Conserve(capacity, 6, 1000);
}

XEBEC_SIM_TEST(Chan, LosesNoWakeUp) { Conserve(ThreadRand().Below(4), 3, 15); }

XEBEC_SIM_TEST(Chan, KeepsTheOrderOfASender) {
  Chan<int> chan(ThreadRand().Below(3));
  WaitGroup fibers;
  for (int s = 0; s < 3; ++s) {
    fibers.Go([&, s] {
      for (int i = 0; i < 10; ++i) {
        chan.Send(s * 100 + i);
        if (i % 4 == 0) Sleep(10us);
      }
    });
  }
  std::vector<int> next(3, 0);
  for (int n = 0; n < 30; ++n) {
    const int v = *chan.Receive();
    EXPECT_EQ(v % 100, next[static_cast<size_t>(v / 100)]++);
  }
  fibers.Wait();
}

}  // namespace
}  // namespace xebec::runtime
