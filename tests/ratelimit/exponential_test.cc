#include "ratelimit/exponential.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/panic.h"
#include "runtime/testing.h"

namespace xebec::ratelimit {
namespace {

using namespace std::chrono_literals;

XEBEC_TEST(ItemExponentialFailureRateLimiter, DoublesWithEachFailureOfAnItem) {
  ItemExponentialFailureRateLimiter<std::string> limiter(1ms, 1s);
  for (Duration expected : {1ms, 2ms, 4ms, 8ms, 16ms}) EXPECT_EQ(limiter.When("one"), expected);
  EXPECT_EQ(limiter.NumRequeues("one"), 5);
  EXPECT_EQ(limiter.When("two"), 1ms);
  EXPECT_EQ(limiter.When("two"), 2ms);
  EXPECT_EQ(limiter.NumRequeues("two"), 2);
  limiter.Forget("one");
  EXPECT_EQ(limiter.NumRequeues("one"), 0);
  EXPECT_EQ(limiter.When("one"), 1ms);
  EXPECT_EQ(limiter.NumRequeues("two"), 2);
}

XEBEC_TEST(ItemExponentialFailureRateLimiter, IsCappedAndNeverOverflows) {
  struct Row {
    Duration base;
    Duration max;
    int failures;
    Duration expected;  // of the next When
  };
  const Row rows[] = {
      {1ms, 1000s, 5, 32ms},
      {1ms, 1000s, 19, 524288ms},
      {1ms, 1000s, 20, 1000s},
      {1ms, 1000s, 1000, 1000s},
      {1min, 1000h, 2, 4min},
      {1min, 1000h, 1000, 1000h},
      {1ns, Duration::max(), 62, Duration(int64_t{1} << 62)},
      {1ns, Duration::max(), 63, Duration::max()},
      {1ns, Duration::max(), 64, Duration::max()},
      {3ns, Duration::max(), 61, Duration(int64_t{3} << 61)},
      {3ns, Duration::max(), 62, Duration::max()},
      {10s, 1s, 0, 1s},
      {0s, 1s, 100, 0s},
      {1s, 0s, 3, 0s},
      {Duration::max(), Duration::max(), 1, Duration::max()},
  };
  for (const Row& row : rows) {
    ItemExponentialFailureRateLimiter<int> limiter(row.base, row.max);
    for (int i = 0; i < row.failures; ++i) limiter.When(1);
    EXPECT_EQ(limiter.When(1), row.expected)
        << row.base.count() << "ns after " << row.failures << " failures";
  }
}

XEBEC_TEST(ItemExponentialFailureRateLimiter, ANegativeDelayPanics) {
  using Limiter = ItemExponentialFailureRateLimiter<int>;
  EXPECT_THROW(Limiter(-1ms, 1s), runtime::Panic);
  EXPECT_THROW(Limiter(1ms, -1s), runtime::Panic);
}

}  // namespace
}  // namespace xebec::ratelimit
