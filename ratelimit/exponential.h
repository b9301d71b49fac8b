#pragma once

#include <cstdint>

#include "ratelimit/failures.h"
#include "ratelimit/rate_limiter.h"
#include "runtime/check.h"

namespace xebec::ratelimit {

// base · 2ⁿ for an item that failed n times, at most `max`; in whole numbers, so nothing overflows.
//
//   ItemExponentialFailureRateLimiter<std::string> limiter(1ms, 1s);
//   limiter.When("one");  // 1ms, then 2ms, 4ms … 1s
template <class T>
class ItemExponentialFailureRateLimiter : public RateLimiter<T> {
 public:
  // Neither is negative.
  ItemExponentialFailureRateLimiter(Duration base, Duration max) : base_(base), max_(max) {
    CHECK(base.count() >= 0 && max.count() >= 0, "a delay is negative");
  }

  Duration When(const T& item) override { return Delay(failures_.Add(item)); }
  void Forget(const T& item) override { failures_.Forget(item); }
  int NumRequeues(const T& item) override { return failures_.Count(item); }

 private:
  Duration Delay(int failures) const {
    // base · 2ⁿ > max exactly when base > ⌊max / 2ⁿ⌋.
    if (failures >= 63 ? base_.count() > 0 : base_.count() > (max_.count() >> failures)) {
      return max_;
    }
    return Duration(failures >= 63 ? 0 : base_.count() << failures);
  }

  const Duration base_;
  const Duration max_;
  internal::Failures<T> failures_;
};

}  // namespace xebec::ratelimit
