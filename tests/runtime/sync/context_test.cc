#include "runtime/context.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "runtime/rand.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/park.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/select.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec {
namespace {

using namespace std::chrono_literals;
using runtime::NanoTime;
using runtime::Sleep;
using runtime::WaitGroup;

XEBEC_TEST(Context, BackgroundNeverEnds) {
  Context ctx = Context::Background();
  EXPECT_FALSE(ctx.IsDone());
  EXPECT_FALSE(ctx.Err().has_value());
  EXPECT_FALSE(ctx.Cause().has_value());
  EXPECT_FALSE(ctx.Deadline().has_value());
  EXPECT_TRUE(ctx.Done().IsNil());
  EXPECT_TRUE(ctx.Check().ok());
}

XEBEC_TEST(Context, CancelEndsItAndAllBelowIt) {
  auto [ctx, cancel] = Context::WithCancel(Context::Background());
  auto [child, cancel_child] = Context::WithCancel(ctx);
  auto [grandchild, cancel_grandchild] = Context::WithCancel(child);
  auto [other, cancel_other] = Context::WithCancel(Context::Background());
  const runtime::Chan<Unit>& done = grandchild.Done();
  cancel();
  EXPECT_TRUE(ctx.IsDone());
  EXPECT_TRUE(child.IsDone());
  EXPECT_TRUE(done.closed());
  EXPECT_TRUE(IsCanceled(*grandchild.Err()));
  EXPECT_FALSE(grandchild.Check().ok());
  EXPECT_FALSE(other.IsDone());
  cancel();  // the second time nothing happens
  cancel_child();
}

XEBEC_TEST(Context, AChildsEndLeavesItsParent) {
  auto [ctx, cancel] = Context::WithCancel(Context::Background());
  auto [child, cancel_child] = Context::WithCancel(ctx);
  cancel_child();
  EXPECT_TRUE(child.IsDone());
  EXPECT_FALSE(ctx.IsDone());
}

XEBEC_TEST(Context, TellsTheCauseOfItsEnd) {
  auto [ctx, cancel] = Context::WithCancel(Context::Background());
  auto [child, cancel_child] = Context::WithCancel(ctx);
  cancel(Error::Conflict("Pod", "a", "lost the lease"));
  EXPECT_TRUE(IsCanceled(*child.Err()));
  EXPECT_TRUE(IsConflict(*child.Cause()));
  cancel_child(Error::Internal("too late"));
  EXPECT_TRUE(IsConflict(*child.Cause()));
  // Without one, the cause is the error.
  auto [plain, cancel_plain] = Context::WithCancel(Context::Background());
  cancel_plain();
  EXPECT_TRUE(IsCanceled(*plain.Cause()));
}

XEBEC_TEST(Context, AChildOfAnEndedParentIsBornEnded) {
  auto [ctx, cancel] = Context::WithCancel(Context::Background());
  cancel(Error::Internal("why"));
  auto [child, cancel_child] = Context::WithTimeout(ctx, 1h);
  EXPECT_TRUE(child.IsDone());
  EXPECT_TRUE(child.Done().closed());
  EXPECT_TRUE(IsCanceled(*child.Err()));
  EXPECT_TRUE(IsInternalError(*child.Cause()));
}

XEBEC_SIM_TEST(Context, EndsAtItsDeadline) {
  const int64_t start = NanoTime();
  auto [ctx, cancel] = Context::WithTimeout(Context::Background(), 50ms);
  EXPECT_EQ(*ctx.Deadline(), start + 50'000'000);
  auto [child, cancel_child] = Context::WithCancel(ctx);
  EXPECT_EQ(child.Deadline(), ctx.Deadline());
  child.Done().Receive();
  EXPECT_EQ(NanoTime() - start, 50'000'000);
  EXPECT_TRUE(IsDeadlineExceeded(*ctx.Err()));
  EXPECT_TRUE(IsDeadlineExceeded(*child.Err()));
  EXPECT_TRUE(IsDeadlineExceeded(*child.Cause()));
}

XEBEC_SIM_TEST(Context, ALaterDeadlineThanTheParentsChangesNothing) {
  auto [ctx, cancel] = Context::WithTimeout(Context::Background(), 10ms);
  auto [child, cancel_child] = Context::WithTimeout(ctx, 1s);
  EXPECT_EQ(child.Deadline(), ctx.Deadline());
  auto [sooner, cancel_sooner] = Context::WithTimeout(ctx, 5ms);
  Sleep(6ms);
  EXPECT_TRUE(sooner.IsDone());
  EXPECT_FALSE(ctx.IsDone());
  Sleep(6ms);
  EXPECT_TRUE(child.IsDone());
}

XEBEC_SIM_TEST(Context, CancelBeforeTheDeadlineCounts) {
  auto [ctx, cancel] = Context::WithTimeout(Context::Background(), 10ms);
  cancel();
  Sleep(20ms);
  EXPECT_TRUE(IsCanceled(*ctx.Err()));
}

XEBEC_TEST(Context, ADeadlineInThePastEndsItAtOnce) {
  auto [ctx, cancel] = Context::WithTimeout(Context::Background(), -1s);
  EXPECT_TRUE(IsDeadlineExceeded(*ctx.Err()));
  auto [at, cancel_at] = Context::WithDeadline(Context::Background(), NanoTime());
  EXPECT_TRUE(IsDeadlineExceeded(*at.Err()));
}

constexpr ContextKey<std::string> kUser{"user"};
constexpr ContextKey<std::string> kTrace{"trace"};

XEBEC_TEST(Context, CarriesValues) {
  Context user = Context::WithValue(Context::Background(), kUser, "ann");
  auto [ctx, cancel] = Context::WithCancel(user);
  Context trace = Context::WithValue(ctx, kTrace, "t1");
  Context other = Context::WithValue(trace, kUser, "bob");
  EXPECT_EQ(*trace.Value(kUser), "ann");
  EXPECT_EQ(*other.Value(kUser), "bob");
  EXPECT_EQ(*other.Value(kTrace), "t1");
  EXPECT_EQ(user.Value(kTrace), nullptr);
  EXPECT_TRUE(user.Done().IsNil());
  cancel();
  EXPECT_TRUE(other.IsDone());
  EXPECT_TRUE(other.Done().closed());
}

XEBEC_TEST(Context, AfterFuncRunsOnceItHasEnded) {
  auto [ctx, cancel] = Context::WithCancel(Context::Background());
  runtime::Chan<bool> ran(1);
  ctx.AfterFunc([ran, ctx = ctx] { ran.Send(ctx.IsDone()); });
  EXPECT_EQ(ran.Len(), 0u);
  cancel();
  EXPECT_EQ(ran.Receive(), true);
  // Of one that has ended already, at once.
  ctx.AfterFunc([ran] { ran.Send(false); });
  EXPECT_EQ(ran.Receive(), false);
}

XEBEC_SIM_TEST(Context, AfterFuncCanBeStopped) {
  auto [ctx, cancel] = Context::WithCancel(Context::Background());
  int runs = 0;
  StopFunc stop = ctx.AfterFunc([&] { ++runs; });
  EXPECT_TRUE(stop());
  EXPECT_FALSE(stop());
  StopFunc late = ctx.AfterFunc([&] { ++runs; });
  cancel();
  EXPECT_FALSE(late());
  Sleep(1ms);
  EXPECT_EQ(runs, 1);
}

XEBEC_SIM_TEST(Context, AfterFuncOutlivesEveryHandle) {
  runtime::Chan<Unit> ran(1);
  {
    auto [ctx, cancel] = Context::WithTimeout(Context::Background(), 10ms);
    ctx.AfterFunc([ran] { ran.Send({}); });
  }
  EXPECT_TRUE(ran.Receive().has_value());
}

XEBEC_SIM_TEST(Context, SleepForEndsWithItsContext) {
  const int64_t start = NanoTime();
  auto [ctx, cancel] = Context::WithTimeout(Context::Background(), 30ms);
  EXPECT_TRUE(SleepFor(ctx, 10ms).ok());
  EXPECT_EQ(NanoTime() - start, 10'000'000);
  Result<void> slept = SleepFor(ctx, 1h);
  ASSERT_FALSE(slept.ok());
  EXPECT_TRUE(IsDeadlineExceeded(slept.error()));
  EXPECT_EQ(NanoTime() - start, 30'000'000);
  EXPECT_FALSE(SleepFor(ctx, 1ms).ok());
  EXPECT_FALSE(SleepFor(ctx, 0ms).ok());
  EXPECT_TRUE(SleepFor(Context::Background(), 1ms).ok());
}

XEBEC_TEST(Context, CanBeCancelledFromAThread) {
  auto [ctx, cancel] = Context::WithCancel(Context::Background());
  std::thread thread;
  WaitGroup fibers;
  fibers.Go([ctx = ctx] { ctx.Done().Receive(); });
#ifdef XEBEC_TSAN
  runtime::AddExternalWaker(1);  // TSan's threads hide that this one runs
#endif
  thread = std::thread([cancel = cancel] { cancel(); });
  fibers.Wait();
  runtime::Blocking([&] { thread.join(); });
#ifdef XEBEC_TSAN
  runtime::AddExternalWaker(-1);
#endif
}

// A deep chain and a wide tree end and die without recursion.
XEBEC_TEST(Context, DeepAndWideTrees) {
  auto [root, cancel] = Context::WithCancel(Context::Background());
  Context leaf = root;
  for (int i = 0; i < 50'000; ++i) {
    leaf = Context::WithCancel(leaf).first;
    // Values do not count as levels of cancellation.
    if (i % 10 == 0) leaf = Context::WithValue(leaf, kUser, "x");
  }
  std::vector<Context> wide;
  for (int i = 0; i < 1000; ++i) wide.push_back(Context::WithCancel(root).first);
  EXPECT_FALSE(leaf.IsDone());
  cancel();
  EXPECT_TRUE(leaf.IsDone());
  for (const Context& ctx : wide) EXPECT_TRUE(ctx.IsDone());
}

// Children come, end and go while the parent is cancelled.
void Churn(int fibers, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    auto [root, cancel] = Context::WithCancel(Context::Background());
    WaitGroup group;
    for (int f = 0; f < fibers; ++f) {
      group.Go([&, &root = root, f] {
        for (int i = 0; i < 8; ++i) {
          auto [child, cancel_child] =
              f % 2 == 0 ? Context::WithCancel(root)
                         : Context::WithTimeout(root, std::chrono::microseconds(i * 3));
          if (i % 3 == 0) cancel_child();
          if (i % 4 == 1) child.Done();
          if (i % 4 == 2) runtime::Yield();
          auto [grandchild, cancel_grandchild] = Context::WithTimeout(child, 2us);
          if (i % 5 == 3) grandchild.Done().Receive();
        }
      });
    }
    group.Go([cancel = cancel] {
      runtime::Yield();
      cancel();
    });
    group.Wait();
    EXPECT_TRUE(root.IsDone());
  }
}

XEBEC_TEST(Context, TreesChangeWhileTheyEnd) { Churn(6, 100); }

XEBEC_SIM_TEST(Context, LosesNoWakeUp) { Churn(3, 3); }

}  // namespace
}  // namespace xebec
