#pragma once

#include "ratelimit/failures.h"
#include "ratelimit/rate_limiter.h"

namespace xebec::ratelimit {

// `fast` for an item's first `max_fast_attempts` failures, `slow` after that.
template <class T>
class ItemFastSlowRateLimiter : public RateLimiter<T> {
 public:
  ItemFastSlowRateLimiter(Duration fast, Duration slow, int max_fast_attempts)
      : fast_(fast), slow_(slow), max_fast_attempts_(max_fast_attempts) {}

  Duration When(const T& item) override {
    return failures_.Add(item) < max_fast_attempts_ ? fast_ : slow_;
  }
  void Forget(const T& item) override { failures_.Forget(item); }
  int NumRequeues(const T& item) override { return failures_.Count(item); }

 private:
  const Duration fast_;
  const Duration slow_;
  const int max_fast_attempts_;
  internal::Failures<T> failures_;
};

}  // namespace xebec::ratelimit
