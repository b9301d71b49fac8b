#include "controller/reconcile_loop.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "runtime/panic.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec::controller {
namespace {

using namespace std::chrono_literals;
using runtime::testing::WaitUntilAllBlocked;

Request Key(const std::string& name) { return Request{{"default", name}}; }

// A loop over a queue that the test fills by hand.
struct Fixture {
  explicit Fixture(ReconcileFunc reconcile, LoopOptions options = {}) {
    options.metrics = &metrics;
    loop = std::make_unique<ReconcileLoop>("test", MakeReconciler(std::move(reconcile)), options);
    std::tie(ctx, stop) = Context::WithCancel(Context::Background());
    std::tie(work, abandon) = Context::WithCancel(Context::Background());
    running.Go([this] { result = loop->Start(ctx, work); });
  }
  ~Fixture() {
    stop();
    abandon();
    running.Wait();
  }
  double Metric(const std::string& name, runtime::MetricLabels labels = {}) {
    labels["controller"] = "test";
    return metrics.GetCounter(name, "", labels).Value();
  }

  runtime::Metrics metrics;
  std::unique_ptr<ReconcileLoop> loop;
  Context ctx, work;
  CancelFunc stop, abandon;
  runtime::WaitGroup running;
  Result<void> result;
};

XEBEC_SIM_TEST(ReconcileLoop, ReconcilesEachKeyOnceForAnyNumberOfAdds) {
  std::map<std::string, int> seen;
  Fixture f([&](Context, const Request& request) -> Result<ReconcileResult> {
    ++seen[request.key.name];
    return ReconcileResult::Done();
  });
  for (int i = 0; i < 5; ++i) {
    f.loop->queue()->Add(Key("a"));
    f.loop->queue()->Add(Key("b"));
  }
  WaitUntilAllBlocked();
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_LE(seen["a"], 5);
  EXPECT_EQ(f.Metric("controller_runtime_reconcile_total", {{"result", "success"}}),
            seen["a"] + seen["b"]);
}

XEBEC_SIM_TEST(ReconcileLoop, TriesAFailedKeyAgainLaterEachTimeAndForgetsItsFailuresOnSuccess) {
  std::vector<int64_t> at;
  Fixture f([&](Context, const Request&) -> Result<ReconcileResult> {
    at.push_back(runtime::NanoTime());
    if (at.size() < 4) return Error::Conflict("pods", "a", "changed");
    return ReconcileResult::Done();
  });
  f.loop->queue()->Add(Key("a"));
  (void)SleepFor(f.ctx, 10s);
  ASSERT_EQ(at.size(), 4u);
  EXPECT_EQ(at[1] - at[0], 5'000'000);
  EXPECT_EQ(at[2] - at[1], 10'000'000);
  EXPECT_EQ(at[3] - at[2], 20'000'000);
  EXPECT_EQ(f.loop->queue()->NumRequeues(Key("a")), 0);
  EXPECT_EQ(f.loop->Stats().errors, 3u);
  EXPECT_EQ(f.loop->Stats().retries, 3u);
}

XEBEC_SIM_TEST(ReconcileLoop, DoesNotTryATerminalErrorAgain) {
  int runs = 0;
  Fixture f([&](Context, const Request&) -> Result<ReconcileResult> {
    ++runs;
    return TerminalError(Error::InvalidInput("spec.replicas is negative"));
  });
  f.loop->queue()->Add(Key("a"));
  (void)SleepFor(f.ctx, 60s);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(f.Metric("controller_runtime_terminal_reconcile_errors_total"), 1);
}

XEBEC_SIM_TEST(ReconcileLoop, ComesBackAfterTheTimeThatTheReconcileAsksFor) {
  std::vector<int64_t> at;
  Fixture f([&](Context, const Request&) -> Result<ReconcileResult> {
    at.push_back(runtime::NanoTime());
    return at.size() == 1 ? ReconcileResult::RequeueAfter(7s) : ReconcileResult::Done();
  });
  f.loop->queue()->Add(Key("a"));
  (void)SleepFor(f.ctx, 60s);
  ASSERT_EQ(at.size(), 2u);
  EXPECT_EQ(at[1] - at[0], 7'000'000'000);
}

// Row C1.
XEBEC_SIM_TEST(ReconcileLoop, APanicFailsThatReconcileAlone) {
  int good = 0, bad = 0;
  Fixture f([&](Context, const Request& request) -> Result<ReconcileResult> {
    if (request.key.name == "bad" && ++bad == 1) runtime::ThrowPanic("null dereference");
    ++good;
    return ReconcileResult::Done();
  });
  f.loop->queue()->Add(Key("bad"));
  f.loop->queue()->Add(Key("good"));
  (void)SleepFor(f.ctx, 1s);
  EXPECT_EQ(bad, 2) << "it is tried again";
  EXPECT_EQ(good, 2);
  EXPECT_EQ(f.Metric("controller_runtime_reconcile_panics_total"), 1);
}

// Row C4.
XEBEC_SIM_TEST(ReconcileLoop, EndsTheContextOfAReconcileThatTakesTooLong) {
  int runs = 0;
  Fixture f([&](Context ctx, const Request&) -> Result<ReconcileResult> {
    if (++runs > 1) return ReconcileResult::Done();
    ctx.Done().Receive();  // a call without an end
    return *ctx.Err();
  });
  const int64_t start = runtime::NanoTime();
  f.loop->queue()->Add(Key("a"));
  (void)SleepFor(f.ctx, 29s);
  EXPECT_GE(f.loop->Stats().longest_running, 28s);
  (void)SleepFor(f.ctx, 11s);
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(f.Metric("controller_runtime_reconcile_timeouts_total"), 1);
  EXPECT_EQ(runtime::NanoTime() - start, 40'000'000'000);
}

XEBEC_SIM_TEST(ReconcileLoop, RunsSeveralKeysAtOnceButNoKeyTwice) {
  runtime::Mutex mu;
  std::map<std::string, int> now;
  int most = 0, in_all = 0;
  Fixture f(
      [&](Context ctx, const Request& request) -> Result<ReconcileResult> {
        {
          std::lock_guard lock(mu);
          EXPECT_EQ(++now[request.key.name], 1);
          most = std::max(most, ++in_all);
        }
        (void)SleepFor(ctx, 1s);
        std::lock_guard lock(mu);
        --now[request.key.name];
        --in_all;
        return ReconcileResult::Done();
      },
      {.max_concurrent_reconciles = 3});
  for (int round = 0; round < 4; ++round) {
    for (const char* name : {"a", "b", "c", "d"}) f.loop->queue()->Add(Key(name));
    (void)SleepFor(f.ctx, 300ms);
  }
  (void)SleepFor(f.ctx, 60s);
  EXPECT_EQ(most, 3);
  EXPECT_EQ(in_all, 0);
}

XEBEC_SIM_TEST(ReconcileLoop, LetsARunningReconcileEndAfterAStopAndTakesNoOther) {
  int ended = 0;
  Fixture f([&](Context ctx, const Request&) -> Result<ReconcileResult> {
    EXPECT_TRUE(SleepFor(ctx, 5s).ok()) << "the stop must not cancel it";
    ++ended;
    return ReconcileResult::Done();
  });
  f.loop->queue()->Add(Key("a"));
  f.loop->queue()->Add(Key("b"));
  (void)SleepFor(f.ctx, 1s);
  f.stop();
  f.running.Wait();
  EXPECT_TRUE(f.result.ok());
  EXPECT_EQ(ended, 1);
}

XEBEC_SIM_TEST(ReconcileLoop, GivesUpOnASourceThatDoesNotSync) {
  runtime::Metrics metrics;
  ReconcileLoop loop("test", MakeReconciler([](Context, const Request&) -> Result<ReconcileResult> {
                       return ReconcileResult::Done();
                     }),
                     {.metrics = &metrics});
  loop.AddSource(
      {.name = "pods",
       .start = [](Context, std::shared_ptr<RequestQueue>) -> Result<void> { return {}; },
       .wait_for_sync = [](Context ctx) -> Result<void> {
         ctx.Done().Receive();
         return *ctx.Err();
       }});
  auto ended = loop.Start(Context::Background(), Context::Background());
  ASSERT_FALSE(ended.ok());
  EXPECT_NE(ended.error().message.find("cache of pods did not sync within 120 s"),
            std::string::npos)
      << ended.error().message;
}

}  // namespace
}  // namespace xebec::controller
