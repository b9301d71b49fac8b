#include "runtime/sync/err_group.h"

#include <gtest/gtest.h>

#include <atomic>

#include "runtime/sched/fiber.h"
#include "runtime/sync/select.h"
#include "runtime/testing.h"

namespace xebec::runtime {
namespace {

XEBEC_TEST(ErrGroup, ReturnsTheFirstErrorAndCancelsTheRest) {
  ErrGroup group;
  std::atomic<int> cancelled{0};
  for (int i = 0; i < 3; ++i) {
    group.Go([&]() -> Result<void> {
      group.ctx().Done().Receive();
      ++cancelled;
      return group.ctx().Check();
    });
  }
  group.Go([]() -> Result<void> { return Error::NotFound("Pod", "a"); });
  Result<void> result = group.Wait();
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(IsNotFound(result.error()));
  EXPECT_EQ(cancelled, 3);
  EXPECT_TRUE(IsNotFound(*group.ctx().Cause()));
}

XEBEC_TEST(ErrGroup, WithoutErrorsWaitIsFineAndEndsItsContext) {
  ErrGroup group;
  std::atomic<int> ran{0};
  for (int i = 0; i < 10; ++i) {
    group.Go([&]() -> Result<void> {
      ++ran;
      return {};
    });
  }
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(ran, 10);
  EXPECT_TRUE(group.ctx().IsDone());
}

XEBEC_TEST(ErrGroup, ALimitBoundsWhatRunsAtOnce) {
  ErrGroup group(Context::Background(), 2);
  std::atomic<int> inside{0};
  std::atomic<bool> exceeded{false};
  for (int i = 0; i < 12; ++i) {
    group.Go([&]() -> Result<void> {
      if (++inside > 2) exceeded = true;
      Yield();
      --inside;
      return {};
    });
  }
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_FALSE(exceeded);

  ErrGroup full(Context::Background(), 1);
  Chan<Unit> go_on;
  full.Go([go_on]() -> Result<void> {
    go_on.Receive();
    return {};
  });
  EXPECT_FALSE(full.TryGo([]() -> Result<void> { return {}; }));
  go_on.Close();
  EXPECT_TRUE(full.Wait().ok());
}

}  // namespace
}  // namespace xebec::runtime
