#include "runtime/sync/select.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "runtime/context.h"
#include "runtime/rand.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "tests/runtime/sync/test_util.h"

namespace xebec::runtime {
namespace {

using namespace std::chrono_literals;

XEBEC_TEST(Select, RunsTheCaseThatIsReady) {
  Chan<int> numbers(1);
  Chan<std::string> words(1);
  words.Send("hello");
  std::string got;
  const int chosen =
      Select(OnReceive(numbers, [](std::optional<int>) { FAIL(); }),
             OnReceive(words, [&](std::optional<std::string> word) { got = *word; }));
  EXPECT_EQ(chosen, 1);
  EXPECT_EQ(got, "hello");
}

XEBEC_TEST(Select, DefaultRunsWhenNothingIsReady) {
  Chan<int> a;
  Chan<int> b(1);
  bool ran = false;
  EXPECT_EQ(Select(OnReceive(a), OnReceive(b), Default([&] { ran = true; })), 2);
  EXPECT_TRUE(ran);
  b.Send(1);
  EXPECT_EQ(Select(OnReceive(a), OnReceive(b), Default([] { FAIL(); })), 1);
  EXPECT_EQ(Select(OnSend(a, 1), Default()), 1);
}

XEBEC_TEST(Select, WaitsForTheFirstToBecomeReady) {
  Chan<int> a;
  Chan<int> b;
  WaitGroup fibers;
  fibers.Go([&] {
    int got = 0;
    EXPECT_EQ(Select(OnReceive(a), OnReceive(b, [&](std::optional<int> v) { got = *v; })), 1);
    EXPECT_EQ(got, 9);
  });
  testing::WaitUntilAllBlocked();
  b.Send(9);
  fibers.Wait();
  EXPECT_FALSE(a.TrySend(1)) << "the select must have left the other channel";
}

XEBEC_TEST(Select, SendsTheValueOnlyIfItsCaseRuns) {
  Chan<std::unique_ptr<int>> out(1);
  Chan<int> stop(1);
  bool sent = false;
  EXPECT_EQ(Select(OnSend(out, std::make_unique<int>(4), [&] { sent = true; }), OnReceive(stop)),
            0);
  EXPECT_TRUE(sent);
  EXPECT_EQ(**out.TryReceive(), 4);

  WaitGroup fibers;
  Chan<int> direct;
  fibers.Go([&] { EXPECT_EQ(Select(OnSend(direct, 6), OnReceive(stop)), 0); });
  testing::WaitUntilAllBlocked();
  EXPECT_EQ(direct.Receive(), 6);
  fibers.Wait();
}

XEBEC_TEST(Select, AClosedChannelIsReadyToReceive) {
  Chan<int> open;
  Chan<int> closed;
  closed.Close();
  bool empty = false;
  Select(OnReceive(open), OnReceive(closed, [&](std::optional<int> v) { empty = !v; }));
  EXPECT_TRUE(empty);

  Chan<int> later;
  WaitGroup fibers;
  fibers.Go([&] {
    EXPECT_EQ(Select(OnReceive(open),
                     OnReceive(later, [](std::optional<int> v) { EXPECT_FALSE(v.has_value()); })),
              1);
  });
  testing::WaitUntilAllBlocked();
  later.Close();
  fibers.Wait();
}

XEBEC_TEST(Select, SendingOnAClosedChannelPanics) {
  Chan<int> closed;
  Chan<int> open;
  closed.Close();
  EXPECT_TRUE(
      PanicsWith("send on a closed channel", [&] { Select(OnSend(closed, 1), OnReceive(open)); }));
  Chan<int> later;
  WaitGroup fibers;
  fibers.Go([&] {
    EXPECT_TRUE(
        PanicsWith("send on a closed channel", [&] { Select(OnSend(later, 1), OnReceive(open)); }));
  });
  testing::WaitUntilAllBlocked();
  later.Close();
  fibers.Wait();
}

XEBEC_SIM_TEST(Select, TimesOut) {
  Chan<int> chan;
  const int64_t start = NanoTime();
  bool timed_out = false;
  EXPECT_EQ(Select(OnReceive(chan), OnTimeout(30ms, [&] { timed_out = true; })), 1);
  EXPECT_TRUE(timed_out);
  EXPECT_EQ(NanoTime() - start, 30'000'000);
  // Without channels it is a sleep; no time at all is over at once.
  EXPECT_EQ(Select(OnTimeout(5ms)), 0);
  EXPECT_EQ(NanoTime() - start, 35'000'000);
  EXPECT_EQ(Select(OnReceive(chan), OnTimeout(0ms)), 1);
  EXPECT_EQ(Select(OnReceive(chan), OnTimeout(-1s)), 1);
  EXPECT_EQ(NanoTime() - start, 35'000'000);
  // A channel that is ready goes before a timeout that is over.
  Chan<int> ready(1);
  ready.Send(1);
  EXPECT_EQ(Select(OnReceive(ready), OnTimeout(0ms)), 0);
}

XEBEC_SIM_TEST(Select, AValueBeforeTheTimeoutStopsIt) {
  Chan<int> chan;
  WaitGroup fibers;
  fibers.Go([&] {
    Sleep(10ms);
    chan.Send(1);
  });
  const int64_t start = NanoTime();
  EXPECT_EQ(Select(OnReceive(chan), OnTimeout(1s)), 0);
  EXPECT_EQ(NanoTime() - start, 10'000'000);
  fibers.Wait();
}

XEBEC_TEST(Select, PicksAmongReadyCasesFairly) {
  std::array<int, 4> hits{};
  std::array<Chan<int>, 4> chans{Chan<int>(1), Chan<int>(1), Chan<int>(1), Chan<int>(1)};
  for (auto& chan : chans) chan.Send(1);
  constexpr int kRounds = 4000;
  for (int i = 0; i < kRounds; ++i) {
    const int chosen =
        Select(OnReceive(chans[0]), OnReceive(chans[1]), OnReceive(chans[2]), OnReceive(chans[3]));
    ++hits[static_cast<size_t>(chosen)];
    chans[static_cast<size_t>(chosen)].Send(1);
  }
  // 1000 each expected, with a standard deviation of 27.
  for (int n : hits) EXPECT_NEAR(n, kRounds / 4, 220);
}

XEBEC_TEST(Select, NilChannelsNeverRun) {
  Chan<int> nil(nullptr);
  Chan<int> real(1);
  real.Send(1);
  EXPECT_EQ(Select(OnReceive(nil), OnSend(nil, 1), OnReceive(real)), 2);
  EXPECT_EQ(Select(OnReceive(nil), Default()), 1);
}

XEBEC_TEST(Select, TakesTheSameChannelMoreThanOnce) {
  Chan<int> chan;
  WaitGroup fibers;
  std::atomic<int> chosen{-1};
  fibers.Go([&] { chosen = Select(OnReceive(chan), OnSend(chan, 5), OnReceive(chan)); });
  testing::WaitUntilAllBlocked();
  chan.Send(1);
  fibers.Wait();
  EXPECT_TRUE(chosen == 0 || chosen == 2);
  fibers.Go([&] { chosen = Select(OnReceive(chan), OnSend(chan, 5), OnReceive(chan)); });
  testing::WaitUntilAllBlocked();
  EXPECT_EQ(chan.Receive(), 5);
  fibers.Wait();
  EXPECT_EQ(chosen, 1);
}

XEBEC_TEST(Select, EndsWithItsContext) {
  Chan<int> chan;
  auto [ctx, cancel] = Context::WithCancel(Context::Background());
  WaitGroup fibers;
  fibers.Go([&, &ctx = ctx] {
    bool done = false;
    Select(OnReceive(chan), OnReceive(ctx.Done(), [&] { done = true; }));
    EXPECT_TRUE(done);
  });
  testing::WaitUntilAllBlocked();
  cancel();
  fibers.Wait();
  // The context that never ends has a channel that is never ready.
  EXPECT_EQ(Select(OnReceive(Context::Background().Done()), Default()), 1);
}

XEBEC_TEST(Select, AFunctionMayThrow) {
  Chan<int> chan(1);
  chan.Send(1);
  EXPECT_THROW(Select(OnReceive(chan, [](std::optional<int>) { throw 1; })), int);
  EXPECT_EQ(chan.Len(), 0u);
}

// Selects on both sides, over the same channels in different orders: neither deadlock nor loss.
void Exchange(int fibers_each, int rounds) {
  Chan<int> a;
  Chan<int> b(1);
  std::atomic<int64_t> sent{0};
  std::atomic<int64_t> received{0};
  WaitGroup senders;
  WaitGroup receivers;
  Chan<Unit> over;
  for (int f = 0; f < fibers_each; ++f) {
    senders.Go([&, f] {
      for (int i = 1; i <= rounds; ++i) {
        if ((i + f) % 2 == 0) {
          Select(OnSend(a, i), OnSend(b, i));
        } else {
          Select(OnSend(b, i), OnSend(a, i));
        }
        sent += i;
      }
    });
    receivers.Go([&, f] {
      for (bool go_on = true; go_on;) {
        auto take = [&](std::optional<int> v) { received += *v; };
        auto end = [&] { go_on = false; };
        if (f % 2 == 0) {
          Select(OnReceive(a, take), OnReceive(b, take), OnReceive(over, end));
        } else {
          Select(OnReceive(over, end), OnReceive(b, take), OnReceive(a, take));
        }
      }
    });
  }
  senders.Wait();
  over.Close();
  receivers.Wait();
  while (auto v = b.TryReceive()) received += *v;
  EXPECT_EQ(sent, received);
  EXPECT_EQ(sent, static_cast<int64_t>(fibers_each) * rounds * (rounds + 1) / 2);
}

XEBEC_TEST(Select, ExchangesValuesUnderLoad) { Exchange(4, 2000); }

XEBEC_SIM_TEST(Select, LosesNoWakeUp) { Exchange(2, 12); }

XEBEC_SIM_TEST(Select, TimeoutsRaceWithValues) {
  Chan<int> chan;
  int received = 0;
  int sent = 0;
  WaitGroup fibers;
  for (int f = 0; f < 3; ++f) {
    fibers.Go([&] {
      for (int i = 0; i < 10; ++i) {
        if (Select(OnSend(chan, 1), OnTimeout(std::chrono::microseconds(ThreadRand().Below(20)))) ==
            0) {
          ++sent;
        }
      }
    });
    fibers.Go([&] {
      for (int i = 0; i < 10; ++i) {
        if (Select(OnTimeout(std::chrono::microseconds(ThreadRand().Below(20))), OnReceive(chan)) ==
            1) {
          ++received;
        }
      }
    });
  }
  fibers.Wait();
  EXPECT_EQ(sent, received);
}

}  // namespace
}  // namespace xebec::runtime
